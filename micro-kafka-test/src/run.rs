//! What `#[kafka_test]` expands to.

use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::FutureExt as _;
use micro_kafka::config::parse_duration;

use crate::deadline::{TEST_DEADLINE, fail_at};
use crate::embedded::{EmbeddedKafka, EmbeddedKafkaBuilder};
use crate::{requests, show, target};

/// The arguments of a `#[kafka_test]`, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct TestOptions {
    /// The test's name.
    pub name: &'static str,
    /// Topics that exist when it begins, and how many partitions each has.
    pub topics: &'static [(&'static str, u32)],
    /// How many brokers there are.
    pub brokers: u32,
    /// Properties of the embedded broker.
    pub broker: &'static [(&'static str, &'static str)],
    /// Whether the embedded broker is shared by the tests of the binary.
    pub shared: bool,
    /// Why it does not run on another Kafka.
    pub embedded: Option<&'static str>,
    /// Whether the applications' clock stands still.
    pub paused: bool,
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
pub fn run<T: Success, F>(options: TestOptions, test: F) -> T
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
        let kafka = builder(&options).start().await;
        let kafka = kafka.unwrap_or_else(|error| {
            fail_at(place, &format!("{}: {}", options.name, show::chain(&error)))
        });
        let ended = tokio::time::timeout(deadline, test(kafka.clone()));
        match AssertUnwindSafe(ended).catch_unwind().await {
            Ok(Ok(ended)) => {
                if !ended.is_success() {
                    requests::tell(&kafka);
                }
                ended
            }
            Ok(Err(_)) => {
                requests::tell(&kafka);
                let message = format!("{} has not ended within {deadline:?}", options.name);
                fail_at(place, &message)
            }
            Err(panic) => {
                requests::tell(&kafka);
                resume_unwind(panic)
            }
        }
    })
}

/// As [`run`], but another Kafka has it left out.
///
/// # Panics
/// As [`run`].
pub fn run_embedded<T: Success, F>(options: TestOptions, test: F) -> T
where
    F: FnOnce(EmbeddedKafka) -> Pin<Box<dyn Future<Output = T>>>,
{
    match (target::external(), options.embedded) {
        (Some(bootstrap), Some(why)) => {
            eprintln!("{} is left out on {bootstrap}: {why}", options.name);
            T::success()
        }
        _ => run(options, test),
    }
}

/// What a test may return: whether all is well.
pub trait Success {
    /// All is well.
    fn success() -> Self;

    /// Whether it is.
    fn is_success(&self) -> bool;
}

impl Success for () {
    fn success() -> Self {}

    fn is_success(&self) -> bool {
        true
    }
}

impl Success for ExitCode {
    fn success() -> Self {
        Self::SUCCESS
    }

    fn is_success(&self) -> bool {
        *self == Self::SUCCESS
    }
}

impl<T: Success, E> Success for Result<T, E> {
    fn success() -> Self {
        Ok(T::success())
    }

    fn is_success(&self) -> bool {
        self.as_ref().is_ok_and(T::is_success)
    }
}

fn builder(options: &TestOptions) -> EmbeddedKafkaBuilder {
    let mut builder = EmbeddedKafka::builder().brokers(options.brokers);
    for (topic, partitions) in options.topics {
        builder = builder.topic(*topic, *partitions);
    }
    for (name, value) in options.broker {
        builder = builder.broker_property(*name, *value);
    }
    if options.shared {
        builder = builder.shared();
    }
    if options.paused {
        builder = builder.paused_clock();
    }
    match options.config {
        Some(config) => builder.config(config),
        None => builder,
    }
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
