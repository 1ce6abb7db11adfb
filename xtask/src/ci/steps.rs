use std::fs;
use std::time::Duration;

use super::clients::{self, Broker};
use super::disk;
use super::examples;
use super::features;
use super::programs;
use super::step::{CiError, Run, Step, same_lines};
use crate::kafka::Kafka;
use crate::spring;
use crate::workspace;

/// The crates with tests that talk to a broker; what the compiler says of mistakes is left out.
const INTEGRATION: [&str; 3] = [
    "-p micro-kafka -p micro-kafka-test -p flights -- --skip mistakes_are_explained \
     --skip odd_but_valid_code_compiles_and_runs",
    "-p micro-kafka-broker --test differential --test librdkafka --test semantics --test wire",
    "-p micro-kafka-proof",
];

pub(super) const ALL: &[Step] = &[
    Step {
        name: "format",
        about: "rustfmt changes nothing",
        run: format,
    },
    Step {
        name: "lint",
        about: "clippy, every target, warnings are errors",
        run: lint,
    },
    Step {
        name: "deny",
        about: "licences, bans, sources and advisories of all dependencies",
        run: deny,
    },
    Step {
        name: "test",
        about: "all tests, on the embedded broker",
        run: test,
    },
    Step {
        name: "doc",
        about: "rustdoc, warnings are errors",
        run: doc,
    },
    Step {
        name: "example",
        about: "every example, what it prints compared",
        run: example,
    },
    Step {
        name: "features",
        about: "lints, tests, guide and examples of optional features, on both brokers",
        run: features::check,
    },
    Step {
        name: "secured",
        about: "TLS, logins and access control lists on an Apache Kafka that has them",
        run: features::secured,
    },
    Step {
        name: "confluent",
        about: "Confluent's serializers and ours read each other, on both brokers",
        run: features::confluent,
    },
    Step {
        name: "clients",
        about: "kcat and Apache Kafka's console tools on the embedded broker",
        run: clients::check,
    },
    Step {
        name: "disk",
        about: "Apache Kafka's dump tool on our data directory, our broker on Apache Kafka's",
        run: disk::check,
    },
    Step {
        name: "programs",
        about: "the guide's Python and Java programs, which inject faults over HTTP",
        run: programs::check,
    },
    Step {
        name: "suite",
        about: "kafka-python's own integration tests on micro-kafka-broker",
        run: suite,
    },
    Step {
        name: "apache",
        about: "integration tests and example on Apache Kafka",
        run: apache,
    },
    Step {
        name: "spring",
        about: "a Spring service talks with ours, on the embedded broker and on Apache Kafka",
        run: spring,
    },
    Step {
        name: "upkeep",
        about: "retention and compaction on an Apache Kafka that looks often",
        run: upkeep,
    },
    Step {
        name: "tight",
        about: "full groups, forgotten ids and access control lists on an Apache Kafka that has them",
        run: tight,
    },
];

const FEW_MINUTES: Duration = Duration::from_secs(5 * 60);

fn format() -> Result<(), CiError> {
    Run::cargo("fmt --all --check").check()
}

fn lint() -> Result<(), CiError> {
    Run::cargo("clippy --workspace --all-targets --locked -- -D warnings").check()
}

fn deny() -> Result<(), CiError> {
    Run::cargo("deny --locked check bans licenses sources")
        .limit(FEW_MINUTES)
        .check()?;
    let known = Run::cargo("deny --locked fetch db")
        .limit(FEW_MINUTES)
        .check();
    if known.is_err() {
        eprintln!(
            "note: the advisory database (github.com/RustSec) cannot be reached; advisories are not checked"
        );
        return Ok(());
    }
    Run::cargo("deny --locked check advisories").check()
}

fn test() -> Result<(), CiError> {
    Run::cargo("test --workspace --locked").check()
}

fn doc() -> Result<(), CiError> {
    Run::cargo("doc --workspace --no-deps --locked")
        .env("RUSTDOCFLAGS", "-D warnings")
        .check()
}

fn example() -> Result<(), CiError> {
    Run::cargo("run --release --locked -p ledger").check()?;
    compare_table(Run::cargo("run --release --locked -p flights"))?;
    examples::check()
}

/// Includes the broker's release build, which other steps have made.
fn suite() -> Result<(), CiError> {
    Run::cargo("run --quiet --locked --package xtask -- suite kafka-python")
        .limit(2 * FEW_MINUTES)
        .check()
}

fn apache() -> Result<(), CiError> {
    on(&Kafka::fresh("ci")?, on_apache)
}

fn spring() -> Result<(), CiError> {
    Run::cargo("build --release --locked -p micro-kafka-broker").check()?;
    let broker = Broker::start_with(&[])?;
    spring::talk(&broker.bootstrap, &[])?;
    on(&Kafka::fresh("spring")?, |bootstrap| {
        spring::talk(bootstrap, &[])
    })
}

/// What is old goes within milliseconds, not minutes.
fn upkeep() -> Result<(), CiError> {
    let kafka = Kafka::fresh("upkeep")?
        .property("log.initial.task.delay.ms", "10")
        .property("log.retention.check.interval.ms", "20")
        .property("log.cleaner.backoff.ms", "20");
    on(&kafka, |bootstrap| {
        Run::cargo("test --locked -p micro-kafka-broker --test wire upkeep")
            .env("MICRO_KAFKA_UPKEEP", bootstrap)
            .check()
    })
}

/// As the tests name the settings.
fn tight() -> Result<(), CiError> {
    let kafka = Kafka::fresh("tight")?
        .property("group.max.size", "1")
        .property("transactional.id.expiration.ms", "500")
        .property(
            "transaction.remove.expired.transaction.cleanup.interval.ms",
            "50",
        )
        .property(
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        )
        .property("super.users", "User:ANONYMOUS");
    on(&kafka, |bootstrap| {
        Run::cargo("test --locked -p micro-kafka-broker --test semantics -- tight access")
            .env("MICRO_KAFKA_TIGHT", bootstrap)
            .check()
    })
}

/// Stops the server also when a test has failed.
pub(crate) fn on(
    kafka: &Kafka,
    work: impl FnOnce(&str) -> Result<(), CiError>,
) -> Result<(), CiError> {
    let bootstrap = kafka.start()?;
    let done = work(&bootstrap);
    kafka.stop()?;
    done
}

fn on_apache(bootstrap: &str) -> Result<(), CiError> {
    for tests in INTEGRATION {
        Run::cargo(&format!("test --locked {tests}"))
            .env("MICRO_KAFKA_TEST", bootstrap)
            .check()?;
    }
    compare_table(Run::cargo(&format!(
        "run --release --locked -p flights -- --bootstrap-servers {bootstrap}"
    )))
}

fn compare_table(run: Run) -> Result<(), CiError> {
    let file = workspace::root().join("examples/flights/data/expected.txt");
    let expected = fs::read_to_string(&file).map_err(crate::kafka::KafkaError::io(&file))?;
    same_lines("the example's output", &run.stdout()?, &expected)
}
