//! Benchmarks of micro-kafka, side by side with plain rdkafka and other frameworks.
//!
//! Run with `cargo run --release -p micro-kafka-bench -- [SCENARIO] [--bootstrap-servers HOST:PORT]`.
//! Every ratio comes from pairs measured in turn in one run, each side in a process of its own.

mod broker;
mod contest;
mod error;
mod meter;
mod order;
mod pairs;
mod peer;
mod report;
mod run;
mod scenario;
mod side;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::broker::{Broker, EmbeddedBroker};
use crate::contest::{compare_brokers, compare_many, memory_per_byte};
use crate::error::BenchError;
use crate::report::Report;
use crate::run::Bench;
use crate::scenario::Scenario;
use crate::side::Who;

/// Measures micro-kafka beside plain rdkafka
#[derive(Debug, Parser)]
#[command(name = "micro-kafka-bench", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    comparison: Comparison,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// One side of a pair, as the bench starts it
    #[command(hide = true)]
    Side(side::Task),
    /// The embedded broker, as the bench starts it
    #[command(hide = true)]
    EmbeddedBroker(EmbeddedBroker),
}

#[derive(Debug, Args)]
struct Comparison {
    /// What to measure; none: everything
    scenarios: Vec<Scenario>,
    /// A broker that runs already, instead of the ones that are started
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap_servers: Option<String>,
    /// Records of one run
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000_000))]
    records: u64,
    /// Pairs that count; one more goes first and warms up
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pairs: u32,
    /// Measures the plain side beside itself: every ratio is near 1, or the machine is not quiet
    #[arg(long)]
    calibrate: bool,
    /// Records that a template has on its way, instead of its default
    #[arg(long, value_name = "RECORDS")]
    in_flight: Option<usize>,
    /// A librdkafka property of the consumers of both sides
    #[arg(long = "property", value_name = "KEY=VALUE", value_parser = side::property)]
    properties: Vec<(String, String)>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.part {
        Some(Part::Side(task)) => task.run(),
        Some(Part::EmbeddedBroker(broker)) => broker.run(),
        None => cli.comparison.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Comparison {
    fn run(&self) -> Result<(), BenchError> {
        let bench = Bench::new(
            self.records,
            self.pairs,
            if self.calibrate {
                Who::Plain
            } else {
                Who::Framework
            },
            self.in_flight,
            self.properties.clone(),
        );
        let mut report = Report::default();
        for scenario in self.scenarios() {
            self.measure(scenario, &bench, &mut report)?;
        }
        report.finish();
        Ok(())
    }

    fn scenarios(&self) -> Vec<Scenario> {
        if self.scenarios.is_empty() {
            Scenario::value_variants().to_vec()
        } else {
            self.scenarios.clone()
        }
    }

    /// One broker at a time, so that the idle one takes nothing from the other; the brokers
    /// themselves are compared side by side.
    fn measure(
        &self,
        scenario: Scenario,
        bench: &Bench,
        report: &mut Report,
    ) -> Result<(), BenchError> {
        let gathering = scenario.gathering();
        match (&self.bootstrap_servers, scenario) {
            (_, Scenario::JsonCodec) => Scenario::compare_codec(bench, report),
            (Some(bootstrap), _) => scenario.compare(bench, &Broker::elsewhere(bootstrap)?, report),
            (None, Scenario::Broker) => {
                let (theirs, ours) = (Broker::apache(gathering)?, Broker::embedded(gathering)?);
                compare_brokers(scenario, bench, &theirs, &ours, report)
            }
            (None, Scenario::BrokerDisk) => {
                let theirs = Broker::apache(gathering)?;
                let ours = Broker::embedded_on_disk(gathering)?;
                compare_brokers(scenario, bench, &theirs, &ours, report)
            }
            (None, Scenario::Kfake) => {
                let (theirs, ours) = (Broker::kfake(false)?, Broker::embedded(gathering)?);
                memory_per_byte(bench, [&theirs, &ours], report)?;
                compare_brokers(scenario, bench, &theirs, &ours, report)
            }
            (None, Scenario::KfakeDisk) => {
                let theirs = Broker::kfake(true)?;
                let ours = Broker::embedded_on_disk(gathering)?;
                compare_brokers(scenario, bench, &theirs, &ours, report)
            }
            (None, Scenario::BrokerMany) => {
                compare_many(bench, &Broker::embedded(gathering)?, report)
            }
            (None, _) => {
                scenario.compare(bench, &Broker::embedded(gathering)?, report)?;
                scenario.compare(bench, &Broker::apache(gathering)?, report)
            }
        }
    }
}
