//! What takes too long for every test run: the same tests at their full size.

use std::process::ExitCode;
use std::time::Duration;

use crate::ci::{CiError, Run, Step, names_of, on, run_steps};
use crate::kafka::Kafka;

const ALL: &[Step] = &[
    Step {
        name: "fuzz",
        about: "a million mutated requests of every API, within a gibibyte of address space",
        run: fuzz,
    },
    Step {
        name: "outage",
        about: "a broker that is away for a minute costs those who send waiting, and no record",
        run: outage,
    },
    Step {
        name: "exactly-once",
        about: "100,000 records copied by services that are killed 30 times, on both brokers",
        run: exactly_once,
    },
];

const AN_HOUR: Duration = Duration::from_secs(60 * 60);

/// The names of all proofs, in their order.
#[must_use]
pub fn names() -> Vec<&'static str> {
    names_of(ALL)
}

/// Runs the named proofs, or all.
///
/// # Errors
/// Only when nothing could be run at all; a proof that fails is told on stderr and by the exit
/// code.
pub fn run(names: &[String]) -> Result<ExitCode, CiError> {
    run_steps(ALL, names)
}

fn fuzz() -> Result<(), CiError> {
    Run::cargo("test --release --locked -p micro-kafka-broker --lib -- server::tests::fuzz")
        .env("MICRO_KAFKA_FUZZ_FRAMES", "1000000")
        .limit(AN_HOUR)
        .check()
}

fn outage() -> Result<(), CiError> {
    Run::cargo("test --locked -p micro-kafka --test template -- is_away")
        .env("MICRO_KAFKA_OUTAGE_SECONDS", "60")
        .check()
}

fn exactly_once() -> Result<(), CiError> {
    let test = || {
        Run::cargo("test --locked -p micro-kafka-test --test exactly_once")
            .env("MICRO_KAFKA_EXACTLY_ONCE", "100000,30")
            .limit(AN_HOUR)
    };
    test().check()?;
    on(&Kafka::fresh("exactly-once")?, |bootstrap| {
        test().env("MICRO_KAFKA_TEST", bootstrap).check()
    })
}
