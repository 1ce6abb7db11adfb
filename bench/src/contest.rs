//! Brokers beside each other, each with the same client.

use crate::broker::Broker;
use crate::error::BenchError;
use crate::pairs::{Metric, Pairs, as_f64};
use crate::report::{Part, Report, Row, Shown};
use crate::run::Bench;
use crate::scenario::Scenario;
use crate::side::{CONNECTIONS, RECORD_BYTES, Who, Work};

/// Acknowledgements awaited one by one, for a million records asked for.
const ROUND_TRIPS_PER_MILLION: u64 = 10_000;
/// Half a million records of 1,000 bytes each: together 2 GB for a million records asked for.
const WARM_UP_RUNS: u32 = 4;
/// Partitions of the topic that many connections write to.
const MANY_PARTITIONS: i32 = 1_000;
/// Most memory for a byte of records.
const MEMORY_PER_BYTE: f64 = 1.1;

/// The ratios to be reached; `None` where one is only told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Targets {
    produce: f64,
    consume: Option<f64>,
    round_trip: Option<f64>,
    rare_round_trip: Option<f64>,
}

impl Targets {
    /// Those of a scenario.
    pub(crate) fn of(scenario: Scenario) -> Self {
        let (produce, consume, round_trip, rare_round_trip) = match scenario {
            Scenario::BrokerDisk => (1.5, Some(1.2), None, None),
            // At most 0.6 and 0.8 of what kfake takes.
            Scenario::Kfake => (1.2, Some(2.0), Some(1.67), Some(1.25)),
            Scenario::KfakeDisk => (1.1, None, None, None),
            _ => (2.5, Some(2.0), Some(2.5), None),
        };
        Self {
            produce,
            consume,
            round_trip,
            rare_round_trip,
        }
    }
}

/// Measures one broker beside another, each with the same client.
pub(crate) fn compare_brokers(
    scenario: Scenario,
    bench: &Bench,
    theirs: &Broker,
    ours: &Broker,
    report: &mut Report,
) -> Result<(), BenchError> {
    let records = bench.records.div_ceil(2);
    let load = |broker, work, records| {
        move |topic: &str| bench.side(broker, Who::Plain, work, topic, records)
    };
    for _ in 0..WARM_UP_RUNS {
        bench.with_topic(theirs, 1, load(theirs, Work::Produce, records))?;
    }
    let produce =
        |broker| move || bench.with_topic(broker, 1, load(broker, Work::Produce, records));
    let produced = Pairs::measure(bench.pairs, produce(theirs), produce(ours))?;

    let consumed = on_both(bench, theirs, ours, |their_topic, our_topic| {
        load(theirs, Work::Produce, records)(their_topic)?;
        load(ours, Work::Produce, records)(our_topic)?;
        let consume = |broker, topic| move || load(broker, Work::Consume, records)(topic);
        Pairs::measure(
            bench.pairs,
            consume(theirs, their_topic),
            consume(ours, our_topic),
        )
    })?;

    let trips = (bench.records * ROUND_TRIPS_PER_MILLION).div_ceil(1_000_000);
    let answered = on_both(bench, theirs, ours, |their_topic, our_topic| {
        let ask = |broker, topic| move || load(broker, Work::RoundTrip, trips)(topic);
        Pairs::measure(bench.pairs, ask(theirs, their_topic), ask(ours, our_topic))
    })?;

    let results = [
        (
            "broker-produce",
            records,
            Shown::Throughput(RECORD_BYTES),
            &produced,
        ),
        (
            "broker-consume",
            records,
            Shown::Throughput(RECORD_BYTES),
            &consumed,
        ),
        ("broker-round-trip", trips, Shown::Median, &answered),
    ];
    for (what, records, shown, pairs) in results {
        for (broker, samples) in [(theirs, &pairs.theirs), (ours, &pairs.ours)] {
            report.add(&Row {
                what,
                broker: broker.name(),
                side: "rdkafka",
                shown,
                records,
                samples,
            });
        }
    }
    let wanted = Targets::of(scenario);
    let part = |label, pairs: &Pairs, metric, target: Option<f64>| {
        let part = Part::of(label, pairs.ratio(metric));
        match target {
            Some(target) => part.at_least(target),
            None => part,
        }
    };
    let rare = wanted.rare_round_trip;
    let parts = [
        part("produce", &produced, Metric::Wall, Some(wanted.produce)),
        part("consume", &consumed, Metric::Wall, wanted.consume),
        part("round-trip", &answered, Metric::Wall, wanted.round_trip),
        part("p99", &answered, Metric::Other, rare),
    ];
    report.close(scenario.name(), ours.name(), &parts);
    Ok(())
}

/// Gives both brokers a topic of one partition, and removes it.
fn on_both<T>(
    bench: &Bench,
    theirs: &Broker,
    ours: &Broker,
    work: impl FnOnce(&str, &str) -> Result<T, BenchError>,
) -> Result<T, BenchError> {
    bench.with_topic(theirs, 1, |their_topic| {
        bench.with_topic(ours, 1, |our_topic| work(their_topic, our_topic))
    })
}

/// Tells what memory a byte of records takes, of brokers that have stored nothing yet.
pub(crate) fn memory_per_byte(
    bench: &Bench,
    brokers: [&Broker; 2],
    report: &mut Report,
) -> Result<(), BenchError> {
    let records = bench.records.div_ceil(2);
    let mut told = Vec::new();
    let mut ours = f64::NAN;
    for broker in brokers {
        let grown = bench.with_topic(broker, 1, |topic| {
            let before = broker.resident_kib().unwrap_or_default();
            bench.side(broker, Who::Plain, Work::Produce, topic, records)?;
            let after = broker.resident_kib().unwrap_or_default();
            Ok(after.saturating_sub(before))
        })?;
        ours = as_f64(grown * 1024) / as_f64(records * u64::from(RECORD_BYTES));
        told.push(format!("{} {ours:.2}", broker.name()));
    }
    let verdict = if ours <= MEMORY_PER_BYTE {
        "met"
    } else {
        "missed"
    };
    let told = told.join(" ");
    report.note(format!(
        "memory-per-stored-byte {told} target={MEMORY_PER_BYTE} {verdict}"
    ));
    Ok(())
}

/// Measures 200 connections on 1,000 partitions beside 200 on one.
pub(crate) fn compare_many(
    bench: &Bench,
    broker: &Broker,
    report: &mut Report,
) -> Result<(), BenchError> {
    let records = bench.records.div_ceil(2);
    let load = |partitions| {
        move || {
            bench.with_topic(broker, partitions, |topic| {
                bench.side(broker, Who::Plain, Work::ProduceMany, topic, records)
            })
        }
    };
    let pairs = Pairs::measure(bench.pairs, load(1), load(MANY_PARTITIONS))?;
    for (what, samples) in [("many-1", &pairs.theirs), ("many-1000", &pairs.ours)] {
        report.add(&Row {
            what,
            broker: broker.name(),
            side: "rdkafka",
            shown: Shown::Throughput(RECORD_BYTES),
            records,
            samples,
        });
    }
    // Of the median connection's time and that of the slowest.
    let fair = pairs.ours.iter().map(|s| as_f64(s.other) / as_f64(s.wall));
    let fair = fair.fold(f64::INFINITY, f64::min);
    let connections = CONNECTIONS;
    report.note(format!(
        "broker-many {connections} connections: half were done after {fair:.2} of the slowest one's time, at worst"
    ));
    let part = Part::of("1000-partitions", pairs.ratio(Metric::Wall)).at_least(0.8);
    report.close(Scenario::BrokerMany.name(), broker.name(), &[part]);
    Ok(())
}
