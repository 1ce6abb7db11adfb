//! Sends and transactions beside loops written by hand.

use super::Scenario;
use super::measure::{Measure, cpu, wall};
use crate::broker::Broker;
use crate::error::BenchError;
use crate::pairs::Metric;
use crate::report::{Part, Report, Shown};
use crate::run::Bench;
use crate::side::Work;

type Parts = Result<Vec<Part>, BenchError>;

/// Pipelined sends, in the template's own bound and in the plain side's window.
pub(super) fn template(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let shown = Shown::PerRecord;
    let pairs = Measure::new(Scenario::Template.name(), Work::Send, shown, bench.records)
        .sides(bench, broker, report)?;
    let windowed = Measure::new("template-window", Work::SendInWindow, shown, bench.records)
        .sides(bench, broker, report)?;
    let same_window = Part::of("same-window-cpu", windowed.ratio(Metric::Cpu));
    Ok(vec![wall(&pairs).at_least(1.4), cpu(&pairs), same_window])
}

/// Transactions of ten records, one after another.
pub(super) fn transactions(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let name = Scenario::Transactions.name();
    let count = |each: u64| (bench.records / each).max(1);
    let pairs = Measure::new(name, Work::Transactions, Shown::Median, count(2_000))
        .sides(bench, broker, report)?;
    let slow = Work::TransactionsByRdkafka;
    let slow = Measure::new("transactions-api", slow, Shown::Median, count(50_000))
        .sides(bench, broker, report)?;
    let by_api = Part::of("rust-rdkafka", slow.ratio(Metric::Wall));
    Ok(vec![wall(&pairs).at_least(1.0), by_api])
}

/// Records copied exactly once, in transactions of both sizes.
pub(super) fn exactly_once(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let mut copied = |what, work| {
        Measure::new(what, work, Shown::PerRecord, bench.records)
            .stored(bench.records)
            .warm_up(1)
            .sides(bench, broker, report)
    };
    let small = copied("exactly-once-500", Work::CopyExactlyOnce)?;
    let large = copied("exactly-once-10000", Work::CopyInLarge)?;
    let by_large = Part::of("large", large.ratio(Metric::Wall));
    Ok(vec![wall(&small).at_least(1.8), by_large])
}
