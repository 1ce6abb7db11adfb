//! What is measured, against what, and the ratios that must be reached.

use std::time::Duration;

use clap::ValueEnum;

use crate::broker::Broker;
use crate::error::BenchError;
use crate::pairs::{Metric, Pairs, spread};
use crate::report::{Part, Report, Row, Shown};
use crate::run::Bench;
use crate::side::{Who, Work};

/// Partitions of the topics that listeners read.
const PARTITIONS: i32 = 6;
/// So that every partition has records when a service starts.
const STORED_AT_START: u64 = 10_000;
/// Records of which some fail, in one partition.
const POISONED_RECORDS: u64 = 10_000;
/// Records of slow handlers, in one partition.
const SLOW_RECORDS: u64 = 10_000;
/// A server that has just started takes twenty times as long for a join: its code is not compiled.
const WARM_UP_STARTS: u32 = 20;

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
    /// Pipelined sends beside `FutureProducer`
    Template,
    /// Transactions of ten records beside a loop on librdkafka, and one on rust-rdkafka's own call
    Transactions,
    /// A transactional listener beside a loop on librdkafka: 500 records in a transaction, and up to
    /// 10,000 or 100 ms
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

/// One comparison within a scenario.
struct Measure {
    what: &'static str,
    work: Work,
    shown: Shown,
    /// Records that lie in the topic.
    stored: u64,
    /// Records of one run.
    records: u64,
    /// Runs of each side that are not counted.
    warm_up: u32,
}

impl Scenario {
    /// The name on the command line and in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ListenerJson => "listener-json",
            Self::ListenerBytes => "listener-bytes",
            Self::KeyOrder => "key-order",
            Self::Poison => "poison",
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
    #[allow(clippy::too_many_lines, reason = "a flat table, one row a scenario")]
    pub(crate) fn compare(
        self,
        bench: &Bench,
        broker: &Broker,
        report: &mut Report,
    ) -> Result<(), BenchError> {
        let all = bench.records;
        let parts = match self {
            Self::ListenerJson | Self::ListenerBytes => {
                let (work, target) = if self == Self::ListenerJson {
                    (Work::HandleJson, 1.2)
                } else {
                    (Work::HandleBytes, 1.35)
                };
                let measure = Measure {
                    what: self.name(),
                    work,
                    shown: Shown::PerRecord,
                    stored: all,
                    records: all,
                    warm_up: 0,
                };
                let pairs = sides(&measure, bench, broker, report)?;
                vec![wall(&pairs).at_least(target), cpu(&pairs).at_least(target)]
            }
            Self::KeyOrder => key_order(bench, broker, report)?,
            Self::Poison => poison(bench, broker, report)?,
            Self::Template => {
                let measure = Measure {
                    what: self.name(),
                    work: Work::Send,
                    shown: Shown::PerRecord,
                    stored: 0,
                    records: all,
                    warm_up: 0,
                };
                let pairs = sides(&measure, bench, broker, report)?;
                let windowed = Measure {
                    what: "template-window",
                    work: Work::SendInWindow,
                    ..measure
                };
                let windowed = sides(&windowed, bench, broker, report)?;
                let same_window = Part::of("same-window-cpu", windowed.ratio(Metric::Cpu));
                vec![wall(&pairs).at_least(1.4), cpu(&pairs), same_window]
            }
            Self::Transactions => {
                let native = Measure {
                    what: "transactions",
                    work: Work::Transactions,
                    shown: Shown::Median,
                    stored: 0,
                    records: (all / 2_000).max(1),
                    warm_up: 0,
                };
                let pairs = sides(&native, bench, broker, report)?;
                let slow = Measure {
                    what: "transactions-api",
                    work: Work::TransactionsByRdkafka,
                    records: (all / 50_000).max(1),
                    ..native
                };
                let slow = sides(&slow, bench, broker, report)?;
                let by_api = Part::of("rust-rdkafka", slow.ratio(Metric::Wall));
                vec![wall(&pairs).at_least(1.0), by_api]
            }
            Self::ExactlyOnce => exactly_once(bench, broker, report)?,
            Self::Startup => {
                let measure = Measure {
                    what: self.name(),
                    work: Work::FirstRecord,
                    shown: Shown::Whole,
                    stored: STORED_AT_START,
                    records: 1,
                    warm_up: WARM_UP_STARTS,
                };
                let pairs = sides(&measure, bench, broker, report)?;
                vec![wall(&pairs).at_least(6.5), cpu(&pairs)]
            }
            Self::Memory => memory(bench, broker, report)?,
            Self::Broker | Self::BrokerDisk | Self::Kfake | Self::KfakeDisk | Self::BrokerMany => {
                return Ok(());
            }
        };
        report.close(self.name(), broker.name(), &parts);
        Ok(())
    }
}

/// Slow handlers, in the order of keys.
fn key_order(bench: &Bench, broker: &Broker, report: &mut Report) -> Result<Vec<Part>, BenchError> {
    let measure = Measure {
        what: Scenario::KeyOrder.name(),
        work: Work::HandleKeyed,
        shown: Shown::Whole,
        stored: SLOW_RECORDS,
        records: SLOW_RECORDS,
        warm_up: 0,
    };
    let pairs = sides(&measure, bench, broker, report)?;
    Ok(vec![wall(&pairs).at_least(1.0), cpu(&pairs)])
}

/// What Spring Kafka 4.1 took for the same on Apache Kafka, on two cores: 127 ms a poison record.
const SPRING_SECONDS: f64 = 12.7;

/// One record in a hundred fails at each of its three attempts, and becomes a dead letter.
fn poison(bench: &Bench, broker: &Broker, report: &mut Report) -> Result<Vec<Part>, BenchError> {
    let measure = Measure {
        what: Scenario::Poison.name(),
        work: Work::HandlePoison,
        shown: Shown::Whole,
        stored: POISONED_RECORDS,
        records: POISONED_RECORDS,
        warm_up: 0,
    };
    let pairs = sides(&measure, bench, broker, report)?;
    let [_, ours, _] = spread(&pairs.ours, Metric::Wall);
    let beside_spring = Part::of("beside-spring", SPRING_SECONDS * 1e9 / ours);
    Ok(vec![wall(&pairs), beside_spring.at_least(20.0)])
}

/// Records copied exactly once, in transactions of both sizes.
fn exactly_once(
    bench: &Bench,
    broker: &Broker,
    report: &mut Report,
) -> Result<Vec<Part>, BenchError> {
    let small = Measure {
        what: "exactly-once-500",
        work: Work::CopyExactlyOnce,
        shown: Shown::PerRecord,
        stored: bench.records,
        records: bench.records,
        warm_up: 1,
    };
    let large = Measure {
        what: "exactly-once-10000",
        work: Work::CopyInLarge,
        ..small
    };
    let small = sides(&small, bench, broker, report)?;
    let large = sides(&large, bench, broker, report)?;
    let by_large = Part::of("large", large.ratio(Metric::Wall));
    Ok(vec![wall(&small).at_least(1.8), by_large])
}

/// Memory at rest, and after all records.
fn memory(bench: &Bench, broker: &Broker, report: &mut Report) -> Result<Vec<Part>, BenchError> {
    let rest = Measure {
        what: "memory-rest",
        work: Work::Rest,
        shown: Shown::Whole,
        stored: 1,
        records: 1,
        warm_up: 0,
    };
    let rest = sides(&rest, bench, broker, report)?;
    let loaded = Measure {
        what: "memory-loaded",
        work: Work::HandleJson,
        shown: Shown::PerRecord,
        stored: bench.records,
        records: bench.records,
        warm_up: 0,
    };
    let loaded = sides(&loaded, bench, broker, report)?;
    let part = |label, pairs: &Pairs| Part::of(label, pairs.ratio(Metric::Memory)).at_least(0.85);
    Ok(vec![part("rest", &rest), part("loaded", &loaded)])
}

fn wall(pairs: &Pairs) -> Part {
    Part::of("wall", pairs.ratio(Metric::Wall))
}

fn cpu(pairs: &Pairs) -> Part {
    Part::of("cpu", pairs.ratio(Metric::Cpu))
}

/// Measures both sides in turn, on one topic that holds what they handle.
fn sides(
    measure: &Measure,
    bench: &Bench,
    broker: &Broker,
    report: &mut Report,
) -> Result<Pairs, BenchError> {
    let partitions = match measure.work {
        Work::HandleKeyed | Work::HandlePoison => 1,
        _ => PARTITIONS,
    };
    let pairs = bench.with_topic(broker, partitions, |topic| {
        if measure.stored > 0 {
            bench.fill(broker, topic, measure.stored)?;
        }
        let side = |who| move || bench.side(broker, who, measure.work, topic, measure.records);
        for _ in 0..measure.warm_up {
            side(Who::Plain)()?;
            side(bench.ours)()?;
        }
        Pairs::measure(bench.pairs, side(Who::Plain), side(bench.ours))
    })?;
    let row = |side, samples| Row {
        what: measure.what,
        broker: broker.name(),
        side,
        shown: measure.shown,
        records: measure.records,
        samples,
    };
    report.add(&row(Who::Plain.label(), &pairs.theirs));
    report.add(&row(bench.ours.label(), &pairs.ours));
    Ok(pairs)
}
