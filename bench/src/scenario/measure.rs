//! One comparison within a scenario.

use crate::broker::Broker;
use crate::error::BenchError;
use crate::meter::Sample;
use crate::pairs::{Metric, Pairs};
use crate::peer;
use crate::report::{Part, Report, Row, Shown};
use crate::run::Bench;
use crate::side::{MANY_PARTITIONS, Who, Work};

/// Partitions of the topics that listeners read.
pub(super) const PARTITIONS: i32 = 6;

/// What both sides do, and how it is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    what: &'static str,
    work: Work,
    shown: Shown,
    /// Records of one run.
    records: u64,
    /// Records that lie in the topic.
    stored: u64,
    /// Runs of each side that are not counted.
    warm_up: u32,
    theirs: Who,
}

impl Measure {
    /// So many records in a topic that holds none, beside plain code.
    pub(super) fn new(what: &'static str, work: Work, shown: Shown, records: u64) -> Self {
        Self {
            what,
            work,
            shown,
            records,
            stored: 0,
            warm_up: 0,
            theirs: Who::Plain,
        }
    }

    /// With so many records in the topic.
    pub(super) fn stored(self, stored: u64) -> Self {
        Self { stored, ..self }
    }

    /// With runs of each side that are not counted.
    pub(super) fn warm_up(self, warm_up: u32) -> Self {
        Self { warm_up, ..self }
    }

    /// Beside something else than plain code.
    pub(super) fn beside(self, theirs: Who) -> Self {
        Self { theirs, ..self }
    }

    fn partitions(&self) -> i32 {
        match self.work {
            Work::HandleKeyed | Work::HandlePoison | Work::Latency | Work::SendToHandled => 1,
            Work::Rebalance => MANY_PARTITIONS,
            _ => PARTITIONS,
        }
    }

    /// Measures both sides in turn, on one topic that holds what they handle.
    pub(super) fn sides(
        &self,
        bench: &Bench,
        broker: &Broker,
        report: &mut Report,
    ) -> Result<Pairs, BenchError> {
        peer::build(self.theirs)?;
        let pairs = bench.with_topic(broker, self.partitions(), |topic| {
            self.fill(bench, broker, topic)?;
            let side = |who| move || bench.side(broker, who, self.work, topic, self.records);
            for _ in 0..self.warm_up {
                side(self.theirs)()?;
                side(bench.ours)()?;
            }
            Pairs::measure(bench.pairs, side(self.theirs), side(bench.ours))
        })?;
        for (who, samples) in [(self.theirs, &pairs.theirs), (bench.ours, &pairs.ours)] {
            self.tell(who, broker.name(), samples, report);
        }
        Ok(pairs)
    }

    /// Measures the framework alone.
    pub(super) fn ours(
        &self,
        bench: &Bench,
        broker: &Broker,
        report: &mut Report,
    ) -> Result<Vec<Sample>, BenchError> {
        let samples = bench.with_topic(broker, self.partitions(), |topic| {
            self.fill(bench, broker, topic)?;
            let side = |_| bench.side(broker, Who::Framework, self.work, topic, self.records);
            (0..bench.pairs).map(side).collect::<Result<Vec<_>, _>>()
        })?;
        self.tell(Who::Framework, broker.name(), &samples, report);
        Ok(samples)
    }

    /// Measures both sides in turn, without a broker.
    pub(super) fn without_broker(
        &self,
        bench: &Bench,
        report: &mut Report,
    ) -> Result<Pairs, BenchError> {
        let side = |who| move || bench.alone(who, self.work, self.records);
        let pairs = Pairs::measure(bench.pairs, side(self.theirs), side(bench.ours))?;
        for (who, samples) in [(self.theirs, &pairs.theirs), (bench.ours, &pairs.ours)] {
            self.tell(who, "none", samples, report);
        }
        Ok(pairs)
    }

    fn fill(&self, bench: &Bench, broker: &Broker, topic: &str) -> Result<(), BenchError> {
        match self.stored {
            0 => Ok(()),
            stored => bench.fill(broker, topic, stored),
        }
    }

    fn tell(&self, who: Who, broker: &str, samples: &[Sample], report: &mut Report) {
        report.add(&Row {
            what: self.what,
            broker,
            side: who.label(),
            shown: self.shown,
            records: self.records,
            samples,
        });
    }
}

/// The ratio of wall times.
pub(super) fn wall(pairs: &Pairs) -> Part {
    Part::of("wall", pairs.ratio(Metric::Wall))
}

/// The ratio of CPU times.
pub(super) fn cpu(pairs: &Pairs) -> Part {
    Part::of("cpu", pairs.ratio(Metric::Cpu))
}
