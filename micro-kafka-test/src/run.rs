//! What `#[kafka_test]` expands to.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use micro_kafka::config::parse_duration;

use crate::deadline::{TEST_DEADLINE, fail_at};
use crate::embedded::EmbeddedKafka;
use crate::show;

/// The arguments of a `#[kafka_test]`, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct TestOptions {
    /// The test's name.
    pub name: &'static str,
    /// Topics that exist when it begins.
    pub topics: &'static [&'static str],
    /// How many partitions each has.
    pub partitions: u32,
    /// Settings of its applications, in TOML.
    pub config: Option<&'static str>,
    /// The longest time it may take as a whole, as in `"5m"`; three minutes if it is not given.
    pub deadline: Option<&'static str>,
    /// The file it stands in.
    pub file: &'static str,
    /// The line it stands in.
    pub line: u32,
}

/// Runs a test on a Kafka and a multi-thread runtime of its own.
///
/// # Panics
/// If the test does, if its Kafka cannot be started, or at its deadline: a test that waits for ever
/// would hold up all the others and say nothing.
pub fn run<T, F>(options: TestOptions, test: F) -> T
where
    F: FnOnce(EmbeddedKafka) -> Pin<Box<dyn Future<Output = T>>>,
{
    let place = (options.file, options.line);
    micro_kafka::app::log_to_stderr("off");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.unwrap_or_else(|error| fail_at(place, &format!("no runtime: {error}")));
    let deadline = deadline(&options);
    runtime.block_on(async {
        let mut builder = EmbeddedKafka::builder();
        for topic in options.topics {
            builder = builder.topic(*topic, options.partitions);
        }
        if let Some(config) = options.config {
            builder = builder.config(config);
        }
        let kafka = builder.start().await;
        let kafka = kafka.unwrap_or_else(|error| {
            fail_at(place, &format!("{}: {}", options.name, show::chain(&error)))
        });
        let ended = tokio::time::timeout(deadline, test(kafka)).await;
        ended.unwrap_or_else(|_| {
            let message = format!("{} has not ended within {deadline:?}", options.name);
            fail_at(place, &message)
        })
    })
}

fn deadline(options: &TestOptions) -> Duration {
    let Some(text) = options.deadline else {
        return TEST_DEADLINE;
    };
    parse_duration(text).unwrap_or_else(|error| {
        let place = (options.file, options.line);
        fail_at(place, &format!("deadline = \"{text}\": {error}"))
    })
}
