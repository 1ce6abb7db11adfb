//! What each setting changes: the framework with it beside the framework without.

use super::Scenario;
use super::measure::PARTITIONS;
use crate::broker::Broker;
use crate::error::BenchError;
use crate::pairs::{Metric, Pairs};
use crate::report::{Report, Row, Shown};
use crate::run::Bench;
use crate::side::{Who, Work};

/// Records of a run with slow handlers, of which 100 are at work at once unless a knob says otherwise.
const SLOW_RECORDS: u64 = 10_000;

/// A setting, or some that belong together.
struct Knob {
    work: Work,
    /// Properties of librdkafka, or what a listener sets after `listener.`.
    settings: &'static [(&'static str, &'static str)],
}

const fn sends(settings: &'static [(&'static str, &'static str)]) -> Knob {
    Knob {
        work: Work::Send,
        settings,
    }
}

const fn reads(settings: &'static [(&'static str, &'static str)]) -> Knob {
    Knob {
        work: Work::HandleJson,
        settings,
    }
}

const fn works(settings: &'static [(&'static str, &'static str)]) -> Knob {
    Knob {
        work: Work::HandleKeyed,
        settings,
    }
}

const KNOBS: [Knob; 14] = [
    sends(&[("acks", "1"), ("enable.idempotence", "false")]),
    sends(&[("enable.idempotence", "false")]),
    sends(&[("linger.ms", "0")]),
    sends(&[("linger.ms", "50")]),
    sends(&[("batch.size", "16384")]),
    sends(&[("batch.num.messages", "100")]),
    sends(&[("compression.type", "lz4")]),
    sends(&[("compression.type", "zstd")]),
    reads(&[("fetch.min.bytes", "262144")]),
    reads(&[("fetch.message.max.bytes", "65536")]),
    reads(&[("queued.max.messages.kbytes", "1024")]),
    reads(&[("listener.concurrency", "1")]),
    works(&[("listener.parallelism", "10")]),
    works(&[("listener.order", "partition")]),
];

/// Measures each knob on one broker.
pub(super) fn measure(
    bench: &Bench,
    broker: &Broker,
    report: &mut Report,
) -> Result<(), BenchError> {
    for knob in &KNOBS {
        let pairs = knob.measure(bench, broker)?;
        knob.tell(bench, broker, &pairs, report);
    }
    Ok(())
}

impl Knob {
    fn records(&self, bench: &Bench) -> u64 {
        match self.work {
            Work::HandleKeyed => bench.records.min(SLOW_RECORDS),
            _ => bench.records,
        }
    }

    fn measure(&self, bench: &Bench, broker: &Broker) -> Result<Pairs, BenchError> {
        let (turned, records) = (bench.with_properties(self.settings), self.records(bench));
        let partitions = match self.work {
            Work::HandleKeyed => 1,
            _ => PARTITIONS,
        };
        bench.with_topic(broker, partitions, |topic| {
            if self.work != Work::Send {
                bench.fill(broker, topic, records)?;
            }
            let side =
                |bench: &Bench| bench.side(broker, Who::Framework, self.work, topic, records);
            Pairs::measure(bench.pairs, || side(bench), || side(&turned))
        })
    }

    fn tell(&self, bench: &Bench, broker: &Broker, pairs: &Pairs, report: &mut Report) {
        let settings = self.settings.iter();
        let settings: Vec<_> = settings
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let settings = settings.join(",");
        for (side, samples) in [("default", &pairs.theirs), ("turned", &pairs.ours)] {
            report.add(&Row {
                what: &settings,
                broker: broker.name(),
                side,
                shown: Shown::PerRecord,
                records: self.records(bench),
                samples,
            });
        }
        let ratio = |metric| 1.0 / pairs.ratio(metric);
        report.note(format!(
            "{} {} {settings} wall={:.2} cpu={:.2} memory={:.2} of the default's",
            Scenario::Knobs.name(),
            broker.name(),
            ratio(Metric::Wall),
            ratio(Metric::Cpu),
            ratio(Metric::Memory)
        ));
    }
}
