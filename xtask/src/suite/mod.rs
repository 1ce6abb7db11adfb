//! Other clients' own tests, run against the embedded broker or Apache Kafka.
//!
//! What a suite needs is taken from the registries of Rust and Python packages, or from a folder
//! that is named, and is built under `target/suites/`. Tests that are known not to pass stand in
//! `xtask/suites/SUITE.deny`, each with its reason.

mod broker;
mod deny;
mod kafka_python;
mod librdkafka;
mod rust_rdkafka;
mod source;
mod tally;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use broker::{Broker, Needs};
use deny::Denials;
pub(crate) use kafka_python::python;
use tally::Tally;
use trial::{Outcome, Trial, Verdict, amend, merged};

use crate::ci::CiError;
use crate::kafka::KafkaError;

/// How often a test that has failed is run again, where it can be run alone.
const MORE_TRIES: u32 = 3;

/// A client whose tests are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Suite {
    /// The C client's test runner
    Librdkafka,
    /// The integration tests of the client in pure Python
    KafkaPython,
    /// The integration tests of the Rust wrapper of librdkafka
    RustRdkafka,
}

/// The broker a suite is run against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Against {
    /// `micro-kafka-broker`, release build
    Embedded,
    /// Apache Kafka from its jars
    Apache,
}

/// How a suite is run.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The client whose tests are run
    suite: Suite,
    /// The broker they are run against
    #[arg(long, value_enum, default_value = "embedded")]
    against: Against,
    /// The suite's source, instead of the one in the package registry
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// Keeps the broker's records on disk
    #[arg(long)]
    data_dir: bool,
    /// Kills the broker every so many seconds and starts it again; the result is told, not judged
    #[arg(long, value_name = "SECONDS", requires = "data_dir")]
    restart: Option<u64>,
    /// Runs only what has this in its name
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

impl Suite {
    /// All suites.
    pub const ALL: [Self; 3] = [Self::Librdkafka, Self::KafkaPython, Self::RustRdkafka];

    /// Its name on the command line and in paths.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Librdkafka => "librdkafka",
            Self::KafkaPython => "kafka-python",
            Self::RustRdkafka => "rust-rdkafka",
        }
    }

    fn prepare(self, from: Option<&Path>) -> Result<Prepared, CiError> {
        match self {
            Self::Librdkafka => librdkafka::prepare(from),
            Self::KafkaPython => kafka_python::prepare(from),
            Self::RustRdkafka => rust_rdkafka::prepare(from),
        }
    }
}

/// Trials on a broker of their own.
struct Round {
    needs: Needs,
    trials: Vec<Trial>,
}

/// Environment variables of a suite's programs.
type Variables = Vec<(&'static str, String)>;

/// A suite that is built.
struct Prepared {
    /// Where its programs are run.
    dir: PathBuf,
    rounds: Vec<Round>,
    /// The environment of its programs, from that folder and the broker's address.
    variables: fn(&Path, &str) -> Result<Variables, CiError>,
}

/// Runs a suite; fails on an unexpected failure, and when a denied test passes.
///
/// # Errors
/// When the suite cannot be built or a broker not be started.
pub fn run(options: &Options) -> Result<ExitCode, CiError> {
    let name = options.suite.name();
    let denials = Denials::of(name)?;
    let prepared = options.suite.prepare(options.source.as_deref())?;
    let logs = source::place(&format!("{name}.logs"));
    fs::create_dir_all(&logs).map_err(KafkaError::io(&logs))?;
    let mut tally = Tally::default();
    for round in &prepared.rounds {
        let broker = start(options, round.needs)?;
        let done = perform(round, &prepared, &broker, options, &logs, |verdict| {
            tally.count(&verdict, &denials);
        });
        broker.stop()?;
        done?;
    }
    eprintln!("logs: {}", logs.display());
    Ok(tally.tell(options.restart.is_some()))
}

fn start(options: &Options, needs: Needs) -> Result<Broker, CiError> {
    match options.against {
        Against::Embedded => {
            let restart = options.restart.map(Duration::from_secs);
            broker::embedded(needs, options.data_dir, restart)
        }
        Against::Apache => broker::apache(needs),
    }
}

fn perform(
    round: &Round,
    prepared: &Prepared,
    broker: &Broker,
    options: &Options,
    logs: &Path,
    mut count: impl FnMut(Verdict),
) -> Result<(), CiError> {
    let variables = (prepared.variables)(&prepared.dir, &broker.bootstrap())?;
    for trial in &round.trials {
        if options
            .only
            .as_ref()
            .is_some_and(|only| !trial.name.contains(only))
        {
            continue;
        }
        let start = Instant::now();
        for (test, outcome) in tried(trial, &prepared.dir, &variables, logs)? {
            if outcome != Outcome::Skipped {
                eprintln!(
                    "{outcome:?}: {test} ({:.1} s)",
                    start.elapsed().as_secs_f32()
                );
            }
            count((test, outcome));
        }
    }
    Ok(())
}

/// Runs what has failed again: several tests wait for a fixed time and so fail on a busy machine,
/// whatever the broker.
fn tried(
    trial: &Trial,
    dir: &Path,
    variables: &Variables,
    logs: &Path,
) -> Result<Vec<Verdict>, CiError> {
    let mut verdicts = trial.run(dir, variables, logs)?;
    for _ in 0..MORE_TRIES {
        let failed = verdicts
            .iter()
            .filter(|(_, outcome)| *outcome == Outcome::Failed);
        let failed = failed.map(|(test, _)| test.as_str()).collect::<Vec<_>>();
        if failed.is_empty() {
            break;
        }
        let whole = failed.contains(&trial.name.as_str());
        let Some(alone) = trial.alone.filter(|_| !whole) else {
            return Ok(merged(verdicts, trial.run(dir, variables, logs)?));
        };
        let again = trial.with(format!("{}-again", trial.name), alone(&failed));
        let again = again.run(dir, variables, logs)?;
        amend(&mut verdicts, &again);
    }
    Ok(verdicts)
}
