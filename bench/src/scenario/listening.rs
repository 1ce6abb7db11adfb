//! Listeners beside loops written by hand.

use super::Scenario;
use super::measure::{Measure, cpu, wall};
use crate::broker::Broker;
use crate::error::BenchError;
use crate::meter::Sample;
use crate::pairs::{Metric, Pairs, spread};
use crate::report::{Part, Report, Shown};
use crate::run::Bench;
use crate::side::{Who, Work};

type Parts = Result<Vec<Part>, BenchError>;

/// So that every partition has records when a service starts.
const STORED_AT_START: u64 = 10_000;
/// Records of which some fail, in one partition.
const POISONED_RECORDS: u64 = 10_000;
/// Records of slow handlers, in one partition.
const SLOW_RECORDS: u64 = 10_000;
/// What Spring Kafka 4.1 took for the poisoned ones on Apache Kafka, on two cores: 127 ms each.
const SPRING_SECONDS: f64 = 12.7;
/// Most milliseconds that kept partitions stop beyond the group's own protocol.
const MOST_STOP: f64 = 20.0;
/// Most milliseconds by which a retry may be late.
const LATEST: f64 = 50.0;
/// A server that has just started takes twenty times as long for a join: its code is not compiled.
const WARM_UP_STARTS: u32 = 100;

/// Records as fast as they can be had.
pub(super) fn throughput(
    scenario: Scenario,
    work: Work,
    target: f64,
    bench: &Bench,
    broker: &Broker,
    report: &mut Report,
) -> Parts {
    let pairs = Measure::new(scenario.name(), work, Shown::PerRecord, bench.records)
        .stored(bench.records)
        .sides(bench, broker, report)?;
    Ok(vec![
        wall(&pairs).at_least(target),
        cpu(&pairs).at_least(target),
    ])
}

/// Batches beside single records, both of the framework.
pub(super) fn batch(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let name = Scenario::Batch.name();
    let pairs = Measure::new(name, Work::HandleBatch, Shown::PerRecord, bench.records)
        .stored(bench.records)
        .beside(Who::Simple)
        .sides(bench, broker, report)?;
    Ok(vec![wall(&pairs).at_least(1.0), cpu(&pairs).at_least(1.0)])
}

/// A listener with retry topics beside one without, while nothing fails.
pub(super) fn retryable(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let name = Scenario::Retryable.name();
    let pairs = Measure::new(name, Work::HandleRetryable, Shown::PerRecord, bench.records)
        .stored(bench.records)
        .beside(Who::Simple)
        .sides(bench, broker, report)?;
    Ok(vec![
        wall(&pairs).at_least(0.97),
        cpu(&pairs).at_least(0.97),
    ])
}

/// How late records come back from a retry topic.
pub(super) fn retry_delay(
    bench: &Bench,
    broker: &Broker,
    report: &mut Report,
) -> Result<(), BenchError> {
    let records = (bench.records / 2_000).max(50);
    let name = Scenario::RetryDelay.name();
    let samples =
        Measure::new(name, Work::RetryDelay, Shown::Median, records).ours(bench, broker, report)?;
    let millis = |metric| spread(&samples, metric)[1] / 1e6;
    let (half, most) = (millis(Metric::Wall), millis(Metric::Other));
    let verdict = if most <= LATEST { "met" } else { "missed" };
    report.note(format!(
        "{name} {} p50={half:.1}ms p99={most:.1}ms late, target={LATEST} {verdict}",
        broker.name()
    ));
    Ok(())
}

/// The listener of JSON beside those of other frameworks: record by record, and batches of 500.
pub(super) fn json_peers(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let mut beside = |what, work, theirs| {
        Measure::new(what, work, Shown::PerRecord, bench.records)
            .stored(bench.records)
            .beside(theirs)
            .sides(bench, broker, report)
    };
    let stream = beside("json-peers", Work::HandleJson, Who::RustStream)?;
    let batches = beside("json-peers-batch", Work::HandleBatch, Who::RustStreamBatch)?;
    let spring = beside("json-peers-spring", Work::HandleJson, Who::Spring)?;
    Ok(vec![
        Part::of("ruststream", stream.ratio(Metric::Wall)).at_least(2.5),
        Part::of("ruststream-cpu", stream.ratio(Metric::Cpu)),
        Part::of("ruststream-batches", batches.ratio(Metric::Wall)),
        Part::of("spring", spring.ratio(Metric::Wall)).at_least(8.0),
        Part::of("spring-cpu", spring.ratio(Metric::Cpu)),
    ])
}

/// Slow handlers in the order of keys, beside other frameworks.
pub(super) fn key_order_peers(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let mut beside = |what, theirs| {
        Measure::new(what, Work::HandleKeyed, Shown::Whole, SLOW_RECORDS)
            .stored(SLOW_RECORDS)
            .beside(theirs)
            .sides(bench, broker, report)
    };
    let parallel = beside("key-order-parallel", Who::ParallelConsumer)?;
    let stream = beside("key-order-stream", Who::RustStream)?;
    Ok(vec![
        Part::of("parallel-consumer", parallel.ratio(Metric::Wall)).at_least(2.5),
        Part::of("ruststream", stream.ratio(Metric::Wall)).at_least(3.5),
    ])
}

/// Slow handlers, in the order of keys.
pub(super) fn key_order(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let name = Scenario::KeyOrder.name();
    let pairs = Measure::new(name, Work::HandleKeyed, Shown::Whole, SLOW_RECORDS)
        .stored(SLOW_RECORDS)
        .sides(bench, broker, report)?;
    Ok(vec![wall(&pairs).at_least(1.0), cpu(&pairs)])
}

/// One record in a hundred fails at each of its three attempts, and becomes a dead letter.
pub(super) fn poison(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let name = Scenario::Poison.name();
    let pairs = Measure::new(name, Work::HandlePoison, Shown::Whole, POISONED_RECORDS)
        .stored(POISONED_RECORDS)
        .sides(bench, broker, report)?;
    let [_, ours, _] = spread(&pairs.ours, Metric::Wall);
    let beside_spring = Part::of("beside-spring", SPRING_SECONDS * 1e9 / ours);
    Ok(vec![wall(&pairs), beside_spring.at_least(20.0)])
}

/// From the start of the process to the first record.
pub(super) fn startup(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let pairs = Measure::new(Scenario::Startup.name(), Work::FirstRecord, Shown::Whole, 1)
        .stored(STORED_AT_START)
        .warm_up(WARM_UP_STARTS)
        .sides(bench, broker, report)?;
    Ok(vec![wall(&pairs).at_least(6.5), cpu(&pairs)])
}

/// Memory at rest, and after all records.
pub(super) fn memory(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let rest = Measure::new("memory-rest", Work::Rest, Shown::Whole, 1)
        .stored(1)
        .sides(bench, broker, report)?;
    let shown = Shown::PerRecord;
    let loaded = Measure::new("memory-loaded", Work::HandleJson, shown, bench.records)
        .stored(bench.records)
        .sides(bench, broker, report)?;
    let part = |label, pairs: &Pairs| Part::of(label, pairs.ratio(Metric::Memory)).at_least(0.85);
    Ok(vec![part("rest", &rest), part("loaded", &loaded)])
}

/// From a send to its handler, by the same producer: half of them in at most 1.1 of the plain loop's
/// time, 99 of 100 in no more than it takes. From a template's send: half in at most 1.15.
pub(super) fn latency(bench: &Bench, broker: &Broker, report: &mut Report) -> Parts {
    let records = (bench.records / 200).max(100);
    let mut timed =
        |what, work| Measure::new(what, work, Shown::Median, records).sides(bench, broker, report);
    let handled = timed(Scenario::Latency.name(), Work::Latency)?;
    let sent = timed("send-to-handled", Work::SendToHandled)?;
    Ok(vec![
        Part::of("p50", handled.ratio(Metric::Wall)).at_least(1.0 / 1.1),
        Part::of("p99", handled.ratio(Metric::Other)).at_least(1.0),
        Part::of("template-p50", sent.ratio(Metric::Wall)).at_least(1.0 / 1.15),
        Part::of("template-p99", sent.ratio(Metric::Other)),
    ])
}

/// How much longer kept partitions stop than in plain loops, which have nothing but the group's
/// protocol to wait for.
pub(super) fn rebalance(
    bench: &Bench,
    broker: &Broker,
    report: &mut Report,
) -> Result<(), BenchError> {
    let pairs = Measure::new(Scenario::Rebalance.name(), Work::Rebalance, Shown::Whole, 1)
        .sides(bench, broker, report)?;
    let millis = |samples: &[Sample]| spread(samples, Metric::Wall)[1] / 1e6;
    let (theirs, ours) = (millis(&pairs.theirs), millis(&pairs.ours));
    let beyond = (ours - theirs).max(0.0);
    let verdict = if beyond <= MOST_STOP { "met" } else { "missed" };
    report.note(format!(
        "rebalance {} kept partitions stop for {ours:.1} ms, in plain loops for {theirs:.1}: {beyond:.1} ms beyond, target={MOST_STOP} {verdict}",
        broker.name()
    ));
    Ok(())
}
