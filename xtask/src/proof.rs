//! What takes too long for every test run: the same tests at their full size.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::ci::{CiError, Run, Step, names_of, on, run_steps};
use crate::kafka::Kafka;

const ALL: &[Step] = &[
    Step {
        name: "fuzz",
        about: "a million mutated requests of every API, within a gibibyte of address space",
        run: fuzz,
    },
    Step {
        name: "wake",
        about: "the median of what a fetch that waits takes to be answered after an append",
        run: wake,
    },
    Step {
        name: "cost",
        about: "the medians of the program's start and its memory at rest, and of a test's Kafka",
        run: cost,
    },
    Step {
        name: "kills",
        about: "a broker on disk that is killed 60 times loses nothing that it has acknowledged",
        run: kills,
    },
    Step {
        name: "properties",
        about: "every property test, with ten other seeds than the one of every test run",
        run: properties,
    },
    Step {
        name: "processes",
        about: "200,000 records while three processes are killed, stopped and restarted, on both brokers",
        run: processes,
    },
    Step {
        name: "quarantine",
        about: "records that kill processes, and 50 processes that are killed, on both brokers",
        run: quarantine,
    },
    Step {
        name: "parked",
        about: "100,000 records behind one, and 100,000 keys in retry, in order and bounded memory",
        run: parked,
    },
    Step {
        name: "memory",
        about: "a million records behind a stuck partition and a stuck key, with a budget and without",
        run: memory,
    },
    Step {
        name: "silence",
        about: "a minute of sends without end to a broker that does not answer, within a budget",
        run: silence,
    },
    Step {
        name: "delayed",
        about: "100,000 delayed sends in bounded memory and in time; schedulers that are killed",
        run: delayed,
    },
    Step {
        name: "waiting",
        about: "100,000 records that wait in retry topics take bounded memory, and no processor",
        run: waiting,
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
    Step {
        name: "outbox",
        about: "100,000 rows through PostgreSQL and SQLite while services and broker are killed 30 times",
        run: outbox,
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

fn wake() -> Result<(), CiError> {
    Run::cargo("test --release --locked -p micro-kafka-broker --test wire -- wake --nocapture")
        .env("MICRO_KAFKA_WAKE_ROUNDS", "2000")
        .limit(AN_HOUR)
        .check()
}

fn cost() -> Result<(), CiError> {
    let tests = [
        "-p micro-kafka-broker --test program -- cost",
        "-p micro-kafka-test --test start --",
    ];
    tests.iter().try_for_each(|test| {
        Run::cargo(&format!("test --release --locked {test} --nocapture"))
            .env("MICRO_KAFKA_STARTS", "50")
            .limit(AN_HOUR)
            .check()
    })
}

/// Without a flush, and with one before every acknowledgement.
fn kills() -> Result<(), CiError> {
    Run::cargo("test --locked -p micro-kafka-broker --test restart -- kill --nocapture")
        .env("MICRO_KAFKA_KILLS", "60")
        .limit(AN_HOUR)
        .check()
}

/// The seeds are printed; `PROPTEST_RNG_SEED` repeats one.
fn properties() -> Result<(), CiError> {
    let first = new_seed();
    (first..first + 10).try_for_each(|seed| {
        Run::cargo("test --locked --lib -p micro-kafka -p micro-kafka-broker")
            .env("PROPTEST_RNG_SEED", &seed.to_string())
            .check()
    })
}

/// The seed is printed; `MICRO_KAFKA_PROOF_SEED` repeats it.
fn processes() -> Result<(), CiError> {
    let asked = std::env::var("MICRO_KAFKA_PROOF_SEED");
    let seed = asked.unwrap_or_else(|_| new_seed().to_string());
    let run = || {
        let test = "nothing_is_lost_when_processes_are_killed_stopped_and_restarted";
        let words = "test --release --locked -p micro-kafka-proof --test processes --";
        Run::cargo(&format!("{words} --nocapture {test}"))
            .env("MICRO_KAFKA_PROOF_SEED", &seed)
            .env("MICRO_KAFKA_PROOF_SECONDS", "60")
            .env("MICRO_KAFKA_PROOF_RECORDS", "200000")
    };
    run().check()?;
    on(&Kafka::fresh("proof")?, |bootstrap| {
        run().env("MICRO_KAFKA_TEST", bootstrap).check()
    })
}

fn new_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.subsec_nanos().into())
}

fn quarantine() -> Result<(), CiError> {
    let run = || {
        Run::cargo("test --locked -p micro-kafka-proof --test fragile -- --nocapture")
            .env("MICRO_KAFKA_PROOF_KILLS", "50")
            .limit(AN_HOUR)
    };
    run().check()?;
    on(&Kafka::fresh("proof")?, |bootstrap| {
        run().env("MICRO_KAFKA_TEST", bootstrap).check()
    })
}

/// One test a process, so that each is seen to take its own memory.
fn parked() -> Result<(), CiError> {
    let run = |test: &str| {
        let words = "test --locked -p micro-kafka-test --test ordered_retry -- --nocapture";
        Run::cargo(&format!("{words} {test}"))
            .env("MICRO_KAFKA_PARKED", "100000")
            .limit(AN_HOUR)
    };
    let tests = ["many_records", "many_keys"];
    tests.iter().try_for_each(|test| run(test).check())?;
    on(&Kafka::fresh("parked")?, |bootstrap| {
        let mut tests = tests.iter();
        tests.try_for_each(|test| run(test).env("MICRO_KAFKA_TEST", bootstrap).check())
    })
}

fn memory() -> Result<(), CiError> {
    let words = "test --release --locked -p micro-kafka-proof --test processes --";
    Run::cargo(&format!(
        "{words} --nocapture --test-threads 1 behind_a_stuck"
    ))
    .env("MICRO_KAFKA_PROOF_BEHIND", "1000000")
    .env("MICRO_KAFKA_PROOF_BYTES", "500")
    .check()
}

fn silence() -> Result<(), CiError> {
    let words = "test --release --locked -p micro-kafka-proof --test processes --";
    Run::cargo(&format!("{words} --nocapture unsent_records"))
        .env("MICRO_KAFKA_PROOF_SILENT", "60")
        .check()
}

/// First without kills, to be seen in time; then with kills, when a killed process is missed for the
/// six seconds of its session.
fn delayed() -> Result<(), CiError> {
    let words = "test --release --locked -p micro-kafka-proof --test processes --";
    let test = || {
        let run = |test: &str| Run::cargo(&format!("{words} --nocapture {test}"));
        [
            run("delayed_sends_wait").env("MICRO_KAFKA_PROOF_LATEST", "1000"),
            run("no_delayed_send_is_lost").env("MICRO_KAFKA_PROOF_KILLS", "10"),
        ]
        .map(|run| {
            run.env("MICRO_KAFKA_PROOF_DELAYED", "100000")
                .env("MICRO_KAFKA_PROOF_DELAYED_BYTES", "1000")
                .env("MICRO_KAFKA_PROOF_DELAYED_MILLIS", "60000")
                .limit(AN_HOUR)
        })
    };
    test().into_iter().try_for_each(Run::check)?;
    on(&Kafka::fresh("delayed")?, |bootstrap| {
        let runs = test().into_iter();
        let mut runs = runs.map(|run| run.env("MICRO_KAFKA_TEST", bootstrap));
        runs.try_for_each(Run::check)
    })
}

fn waiting() -> Result<(), CiError> {
    let test = "what_waits_in_retry_topics_takes_bounded_memory_and_no_processor";
    let words = "test --release --locked -p micro-kafka-proof --test processes --";
    let run = || {
        Run::cargo(&format!("{words} --nocapture {test}"))
            .env("MICRO_KAFKA_PROOF_WAITING", "100000")
    };
    run().check()?;
    on(&Kafka::fresh("waiting")?, |bootstrap| {
        run().env("MICRO_KAFKA_TEST", bootstrap).check()
    })
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

/// On the embedded broker, which is killed, too. The seed of each run is another one.
fn outbox() -> Result<(), CiError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = now.map_or(0, |now| now.subsec_nanos());
    let with = "-p micro-kafka-proof --features micro-kafka-proof/all --test relays";
    let test = "nothing_is_lost -- --nocapture --test-threads 1";
    Run::cargo(&format!("test --release --locked {with} {test}"))
        .env("MICRO_KAFKA_PROOF_ROWS", "100000")
        .env("MICRO_KAFKA_PROOF_KILLS", "30")
        .env("MICRO_KAFKA_PROOF_SEED", &seed.to_string())
        .limit(AN_HOUR)
        .check()
}
