//! Sends and transactions beside loops written by hand.

use super::Scenario;
use super::measure::{Measure, cpu, wall};
use crate::broker::Broker;
use crate::error::BenchError;
use crate::pairs::Metric;
use crate::report::{Part, Report, Shown};
use crate::run::Bench;
use crate::side::{Who, Work};

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

/// Records copied exactly once, in transactions of both sizes, beside a plain loop and beside Spring,
/// which beats one on Apache Kafka.
pub(super) fn exactly_once(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let mut copied = |what, work, theirs| {
        Measure::new(what, work, Shown::PerRecord, bench.records)
            .stored(bench.records)
            .warm_up(1)
            .beside(theirs)
            .sides(bench, broker, report)
    };
    let mut both = |what, work| -> Result<[f64; 2], BenchError> {
        let plain = copied(what, work, Who::Plain)?;
        let spring = copied(what, work, Who::Spring)?;
        Ok([&plain, &spring].map(|pairs| pairs.ratio(Metric::Wall)))
    };
    let [plain, spring] = both("exactly-once-500", Work::CopyExactlyOnce)?;
    let [large_plain, large_spring] = both("exactly-once-10000", Work::CopyInLarge)?;
    Ok(vec![
        Part::of("plain", plain),
        Part::of("spring", spring).at_least(1.8),
        Part::of("large-plain", large_plain),
        // Beside Spring's transactions of as many records; what 500 cost it is above.
        Part::of("large-spring", large_spring),
    ])
}
