//! What is measured, against what, and the ratios that must be reached.

mod knobs;
mod listening;
mod measure;
mod sending;

use std::time::Duration;

use clap::ValueEnum;

use self::measure::{Measure, cpu, wall};
use crate::broker::Broker;
use crate::error::BenchError;
use crate::report::{Report, Shown};
use crate::run::Bench;
use crate::side::Work;

/// A benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// A listener of decoded JSON beside a plain poll loop
    ListenerJson,
    /// A listener of borrowed bytes beside a plain poll loop
    ListenerBytes,
    /// Slow handlers in the order of keys, beside a loop with a queue for each key
    KeyOrder,
    /// Records of which one in a hundred fails three times, with dead letters, beside a plain poll loop
    /// that fails at nothing, and beside what Spring Kafka took
    Poison,
    /// A listener of batches beside one of single records
    Batch,
    /// A listener with retry topics beside one without, while nothing fails
    Retryable,
    /// By how much retries are late on an idle broker
    RetryDelay,
    /// Orders read from JSON and written, beside bare `serde_json`; without a broker
    JsonCodec,
    /// The listener of JSON beside those of `RustStream` and Spring Kafka (needs Java, Maven)
    JsonPeers,
    /// Slow handlers in the order of keys, beside parallel-consumer and `RustStream` (needs Java, Maven)
    KeyOrderPeers,
    /// From a send to its handler, half and 99 of 100 of them, beside a plain poll loop
    Latency,
    /// How long kept partitions stop when a third member joins, beside plain poll loops
    Rebalance,
    /// Sends and listeners with one setting turned, beside the same with the defaults
    Knobs,
    /// Pipelined sends beside `FutureProducer`
    Template,
    /// Transactions of ten records beside a loop on librdkafka, and one on rust-rdkafka's own call
    Transactions,
    /// A transactional listener beside a loop on librdkafka and beside Spring Kafka's: 500 records in
    /// a transaction, and up to 10,000 or 100 ms (needs Java, Maven)
    ExactlyOnce,
    /// From the start of the process to the first record, beside a plain loop with default settings
    Startup,
    /// Memory at rest and after the records, beside a plain poll loop
    Memory,
    /// The embedded broker in memory beside Apache Kafka
    Broker,
    /// The embedded broker on disk beside Apache Kafka
    BrokerDisk,
    /// The embedded broker in memory beside kfake (needs Go)
    Kfake,
    /// The embedded broker on disk beside kfake on disk (needs Go)
    KfakeDisk,
    /// The embedded broker with 200 connections: 1,000 partitions beside one
    BrokerMany,
}

impl Scenario {
    /// The name on the command line and in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ListenerJson => "listener-json",
            Self::ListenerBytes => "listener-bytes",
            Self::KeyOrder => "key-order",
            Self::Poison => "poison",
            Self::Batch => "batch",
            Self::Retryable => "retryable",
            Self::RetryDelay => "retry-delay",
            Self::JsonCodec => "json-codec",
            Self::JsonPeers => "json-peers",
            Self::KeyOrderPeers => "key-order-peers",
            Self::Latency => "latency",
            Self::Rebalance => "rebalance",
            Self::Knobs => "knobs",
            Self::Template => "template",
            Self::Transactions => "transactions",
            Self::ExactlyOnce => "exactly-once",
            Self::Startup => "startup",
            Self::Memory => "memory",
            Self::Broker => "broker",
            Self::BrokerDisk => "broker-disk",
            Self::Kfake => "kfake",
            Self::KfakeDisk => "kfake-disk",
            Self::BrokerMany => "broker-many",
        }
    }

    /// How long a new group waits for its second consumer. Without it one consumer would handle
    /// most records before the other is let in.
    pub(crate) fn gathering(self) -> Duration {
        if self == Self::Startup {
            Duration::ZERO
        } else {
            Duration::from_millis(300)
        }
    }

    /// Measures the framework beside plain code on one broker.
    pub(crate) fn compare(
        self,
        bench: &Bench,
        broker: &Broker,
        report: &mut Report,
    ) -> Result<(), BenchError> {
        let listen = |work, target, report: &mut Report| {
            listening::throughput(self, work, target, bench, broker, report)
        };
        let parts = match self {
            Self::ListenerJson => listen(Work::HandleJson, 1.2, report)?,
            Self::ListenerBytes => listen(Work::HandleBytes, 1.35, report)?,
            Self::KeyOrder => listening::key_order(bench, broker, report)?,
            Self::Batch => listening::batch(bench, broker, report)?,
            Self::Poison => listening::poison(bench, broker, report)?,
            Self::Retryable => listening::retryable(bench, broker, report)?,
            Self::JsonPeers => listening::json_peers(bench, broker, report)?,
            Self::KeyOrderPeers => listening::key_order_peers(bench, broker, report)?,
            Self::RetryDelay => return listening::retry_delay(bench, broker, report),
            Self::Latency => listening::latency(bench, broker, report)?,
            Self::Startup => listening::startup(bench, broker, report)?,
            Self::Memory => listening::memory(bench, broker, report)?,
            Self::Rebalance => return listening::rebalance(bench, broker, report),
            Self::Knobs => return knobs::measure(bench, broker, report),
            Self::Template => sending::template(bench, broker, report)?,
            Self::Transactions => sending::transactions(bench, broker, report)?,
            Self::ExactlyOnce => sending::exactly_once(bench, broker, report)?,
            Self::JsonCodec => return Self::compare_codec(bench, report),
            Self::Broker | Self::BrokerDisk | Self::Kfake | Self::KfakeDisk | Self::BrokerMany => {
                return Ok(());
            }
        };
        report.close(self.name(), broker.name(), &parts);
        Ok(())
    }

    /// Measures the codec, for which no broker is needed.
    pub(crate) fn compare_codec(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
        let name = Self::JsonCodec.name();
        let pairs = Measure::new(name, Work::Json, Shown::PerRecord, bench.records)
            .without_broker(bench, report)?;
        report.close(name, "none", &[wall(&pairs).at_least(0.95), cpu(&pairs)]);
        Ok(())
    }
}
