//! One side of a pair: a child process that does one piece of work and prints what it cost.

mod broker_load;
mod copying;
mod framework;
mod framework_group;
mod framework_latency;
mod json;
mod latency;
mod many;
mod plain_consumer;
mod plain_keyed;
mod plain_producer;
mod rebalance;
mod retry_delay;
mod settings;
mod transactions;

use std::io::{Write, stdout};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::error::BenchError;
use crate::meter::Sample;

pub(crate) use broker_load::RECORD_BYTES;
pub(crate) use many::CONNECTIONS;
pub(crate) use rebalance::PARTITIONS as MANY_PARTITIONS;
pub(crate) use settings::admin;

/// Deliveries that are waited for at the same time.
const WINDOW: usize = 10_000;
/// Different orders that are sent in turn, made before the clock starts.
const KEYS: u64 = 1_000;
/// How long records may take in all.
const GIVE_UP: Duration = Duration::from_secs(300);
/// How long a side rests before its memory is measured.
const REST: Duration = Duration::from_secs(2);

/// Slow handlers at work at the same time.
const AT_WORK: usize = 100;

/// How long a slow handler waits for a record: 0 to 5 ms, evenly, the same on both sides.
fn slowness(offset: i64) -> Duration {
    let mixed = offset.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Duration::from_micros((mixed >> 32) % 5_001)
}

/// Whose code does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Who {
    /// A loop written by hand on rdkafka.
    Plain,
    /// The framework.
    Framework,
    /// The framework, with a listener of single records that has no attributes.
    Simple,
    /// `RustStream`, in `bench/peers/rust-stream`.
    RustStream,
    /// `RustStream` with handlers of batches.
    RustStreamBatch,
    /// Confluent's parallel-consumer, in `bench/peers/parallel-consumer`.
    ParallelConsumer,
    /// Spring Kafka, in `bench/peers/spring`.
    Spring,
}

impl Who {
    /// What the report calls it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Framework => "micro-kafka",
            Self::Simple => "simple",
            Self::RustStream => "ruststream",
            Self::RustStreamBatch => "ruststream-b",
            Self::ParallelConsumer => "parallel-c",
            Self::Spring => "spring",
        }
    }
}

/// What a side does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// Handles records as decoded orders, with two consumers.
    HandleJson,
    /// Handles records as bytes, with two consumers.
    HandleBytes,
    /// Handles one record as soon as it can, with default settings.
    FirstRecord,
    /// Handles records slowly, in the order of their keys.
    HandleKeyed,
    /// Handles records of which one in a hundred fails, the plain side none.
    HandlePoison,
    /// Handles records as decoded orders in batches, with two consumers.
    HandleBatch,
    /// Handles records as decoded orders that could go to retry topics, with two consumers.
    HandleRetryable,
    /// Has records fail once, and takes the time by which their second attempt is late.
    RetryDelay,
    /// Reads orders from JSON and writes them, without a broker.
    Json,
    /// Takes the time from a producer's send to the handler.
    Latency,
    /// The same, the framework's from a template's send.
    SendToHandled,
    /// Has a third member join a group of two, and takes the time that kept partitions stop.
    Rebalance,
    /// Joins its group, handles what is there and rests.
    Rest,
    /// Sends orders by whatever side, so that there is something to handle.
    Fill,
    /// Sends orders pipelined and idempotent.
    Send,
    /// The same, the framework in a window as the plain side.
    SendInWindow,
    /// Makes transactions of ten records, the plain side by librdkafka's own calls.
    Transactions,
    /// The same, the plain side by rust-rdkafka's.
    TransactionsByRdkafka,
    /// Copies records exactly once, 500 in a transaction.
    CopyExactlyOnce,
    /// The same, up to 10,000 or 100 ms in one.
    CopyInLarge,
    /// Sends records of 1 KB as fast as the broker takes them.
    Produce,
    /// Reads records of 1 KB as fast as the broker gives them.
    Consume,
    /// The same from 200 connections at once, each to partitions of its own.
    ProduceMany,
    /// Sends records one after another, each once the one before is acknowledged.
    RoundTrip,
}

impl Work {
    /// Whether two consumers share the records.
    pub(crate) fn has_two_consumers(self) -> bool {
        matches!(
            self,
            Self::HandleJson | Self::HandleBytes | Self::HandleBatch | Self::HandleRetryable
        )
    }
}

/// All that a side must know.
#[derive(Debug, Clone, Args)]
pub(crate) struct Task {
    #[arg(long)]
    pub(crate) who: Who,
    #[arg(long)]
    pub(crate) work: Work,
    #[arg(long)]
    pub(crate) bootstrap: String,
    #[arg(long)]
    pub(crate) topic: String,
    #[arg(long)]
    pub(crate) group: String,
    #[arg(long)]
    pub(crate) records: u64,
    /// Records that a template has on its way, instead of its default.
    #[arg(long)]
    pub(crate) in_flight: Option<usize>,
    /// librdkafka properties of the consumers of both sides, over the framework's defaults; of the
    /// framework's template if it sends. What begins with `listener.` is a setting of its listeners.
    #[arg(long = "property", value_name = "KEY=VALUE", value_parser = property)]
    pub(crate) properties: Vec<(String, String)>,
}

/// Reads `KEY=VALUE`.
pub(crate) fn property(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not of the form KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Task {
    /// The task as arguments, as [`Task`] reads them.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let name =
            |value: Option<clap::builder::PossibleValue>| value.map(|v| v.get_name().to_owned());
        let words = [
            (
                "--who",
                name(self.who.to_possible_value()).unwrap_or_default(),
            ),
            (
                "--work",
                name(self.work.to_possible_value()).unwrap_or_default(),
            ),
            ("--bootstrap", self.bootstrap.clone()),
            ("--topic", self.topic.clone()),
            ("--group", self.group.clone()),
            ("--records", self.records.to_string()),
        ];
        let in_flight = self.in_flight.map(|most| ("--in-flight", most.to_string()));
        let properties = self.properties.iter();
        let properties = properties.map(|(key, value)| ("--property", format!("{key}={value}")));
        words
            .into_iter()
            .chain(in_flight)
            .chain(properties)
            .flat_map(|(flag, value)| [flag.to_owned(), value])
            .collect()
    }

    /// Does the work and prints what it cost.
    pub(crate) fn run(&self) -> Result<(), BenchError> {
        match (self.work, self.who) {
            (Work::Produce, _) => broker_load::produce(self),
            (Work::ProduceMany, _) => many::produce(self),
            (Work::Consume, _) => broker_load::consume(self),
            (Work::RoundTrip, _) => broker_load::round_trip(self),
            (Work::Transactions | Work::TransactionsByRdkafka, _) => transactions::run(self),
            (Work::CopyExactlyOnce | Work::CopyInLarge, _) => copying::run(self),
            (Work::Fill, _) | (Work::Send | Work::SendInWindow, Who::Plain) => {
                plain_producer::run(self)
            }
            (Work::HandleKeyed, Who::Plain) => plain_keyed::run(self),
            (Work::Json, _) => json::run(self),
            (Work::RetryDelay, _) => retry_delay::run(self),
            (Work::Latency | Work::SendToHandled, Who::Plain) => latency::measure(
                self,
                |over| latency::poll_loop(self, over),
                |over| latency::send(self, over),
            ),
            (Work::Latency, _) => latency::measure(
                self,
                |over| framework_latency::listen(self, over),
                |over| latency::send(self, over),
            ),
            (Work::SendToHandled, _) => latency::measure(
                self,
                |over| framework_latency::listen(self, over),
                |over| framework_latency::send(self, over),
            ),
            (Work::Rebalance, Who::Plain) => {
                rebalance::measure(self, &mut rebalance::PollLoops(self))
            }
            (Work::Rebalance, _) => {
                rebalance::measure(self, &mut framework_group::Apps::new(self)?)
            }
            (_, Who::Plain) => plain_consumer::run(self),
            (Work::Send | Work::SendInWindow, _) => framework::send(self),
            _ => framework::listen(self),
        }
    }
}

/// Prints the sample of the last record, or one that is taken after a rest.
fn print_when_done(work: Work, sample: &Receiver<Sample>) -> Result<(), BenchError> {
    let mut sample = sample
        .recv_timeout(GIVE_UP)
        .map_err(|_| BenchError::TooSlow(GIVE_UP))?;
    if work == Work::Rest {
        thread::park_timeout(REST);
        sample = Sample::now(REST);
    }
    print_sample(&sample)
}

/// Prints a sample as one line, at once: the parent may measure up to this moment.
fn print_sample(sample: &Sample) -> Result<(), BenchError> {
    let mut line = serde_json::to_vec(sample).map_err(BenchError::Sample)?;
    line.push(b'\n');
    let mut out = stdout().lock();
    out.write_all(&line)
        .and_then(|()| out.flush())
        .map_err(BenchError::Output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        task: Task,
    }

    #[test]
    fn a_task_survives_the_command_line() {
        let task = Task {
            who: Who::Framework,
            work: Work::FirstRecord,
            bootstrap: "127.0.0.1:9092".to_owned(),
            topic: "orders".to_owned(),
            group: "g-1".to_owned(),
            records: 7,
            in_flight: Some(4_000),
            properties: vec![("fetch.min.bytes".to_owned(), "1".to_owned())],
        };
        let words = [vec!["bench".to_owned()], task.arguments()].concat();
        let read = Cli::try_parse_from(words).unwrap().task;
        assert_eq!(format!("{read:?}"), format!("{task:?}"));
    }
}
