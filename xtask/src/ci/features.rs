//! What needs more than a C compiler, or builds for minutes: features that `cargo test --workspace` leaves out.

use super::confluent::python;
use super::examples;
use super::step::{CiError, Run};
use super::steps::on;
use crate::kafka::{Kafka, secured as secured_listeners};
use crate::workspace;

/// The features of `micro-kafka-test`, each of the same name in `micro-kafka`.
const FEATURES: &[&str] = &[
    "tls-system",
    "protobuf",
    "avro",
    "json-schema",
    "schema-registry",
    "sqlx-postgres",
    "sqlx-sqlite",
    "redis",
    "object_store",
];

/// What is built with them, beside the examples that need some.
const PACKAGES: &[&str] = &[
    "micro-kafka",
    "micro-kafka-test",
    "micro-kafka-docs",
    "micro-kafka-proof",
];

/// The integration tests of `micro-kafka-test` that require one of them.
const TESTS: &[&str] = &["registry", "secured", "outbox"];

/// The proof of the outbox with few rows: its processes are killed, and the embedded broker.
const PROOF: &str = "relays";

/// Lints, tests, the guide and examples with the features on, the tests on both brokers.
pub(super) fn check() -> Result<(), CiError> {
    let examples = examples::optional()?;
    let with = packages(&examples);
    // With sqlx, tracing writes for the crate log, too: an event is several branches then.
    let allowed = "-A clippy::cognitive_complexity";
    Run::cargo(&format!(
        "clippy {with} --all-targets -- -D warnings {allowed}"
    ))
    .check()?;
    Run::cargo(&format!("test {with} --lib")).check()?;
    Run::cargo(&format!("test {with} --doc")).check()?;
    let tests: String = TESTS.iter().map(|test| format!(" --test {test}")).collect();
    let tests = format!("{tests} --test {PROOF}");
    Run::cargo(&format!("test {with}{tests}")).check()?;
    on(&Kafka::fresh("features")?, |bootstrap| {
        Run::cargo(&format!("test {with}{tests}"))
            .env("MICRO_KAFKA_TEST", bootstrap)
            .check()
    })?;
    Run::cargo(&format!("build {with} --bins")).check()?;
    examples
        .iter()
        .try_for_each(|name| examples::compare_built(name))
}

/// The tests of security, of access control lists and the canary, on an Apache Kafka with a listener
/// for each way to connect.
pub(super) fn secured() -> Result<(), CiError> {
    let with = packages(&examples::optional()?);
    let dir = workspace::target().join("kafka/secured-certificates");
    let kafka = secured_listeners(Kafka::fresh("secured")?, &dir)?;
    on(&kafka, |_| {
        Run::cargo(&format!(
            "test {with} --test secured --test canary --test access"
        ))
        .env(
            "MICRO_KAFKA_SECURED",
            &dir.join("secured.env").to_string_lossy(),
        )
        .check()
    })
}

/// Confluent's serializers and ours, on both brokers.
pub(super) fn confluent() -> Result<(), CiError> {
    let (with, python) = (packages(&examples::optional()?), python()?);
    let test = || {
        Run::cargo(&format!("test {with} --test registry confluent"))
            .env("MICRO_KAFKA_CONFLUENT", &python.to_string_lossy())
    };
    test().check()?;
    on(&Kafka::fresh("confluent")?, |bootstrap| {
        test().env("MICRO_KAFKA_TEST", bootstrap).check()
    })
}

/// What every command is about, the same each time: another choice of packages would unify features
/// otherwise and build again.
fn packages(examples: &[String]) -> String {
    let names = examples.iter().map(|example| format!(" -p {example}"));
    let packages: String = PACKAGES
        .iter()
        .map(|name| format!(" -p {name}"))
        .chain(names)
        .collect();
    let features = FEATURES
        .iter()
        .map(|feature| format!("micro-kafka-test/{feature}"));
    let on_examples = examples.iter().map(|example| format!("{example}/all"));
    let all = ["micro-kafka-docs/all", "micro-kafka-proof/all"];
    let features = features.chain(all.map(str::to_owned));
    let features: Vec<String> = features.chain(on_examples).collect();
    format!("--locked{packages} --features {}", features.join(","))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_test_that_requires_a_feature_is_run() {
        let manifest = workspace::root().join("micro-kafka-test/Cargo.toml");
        let manifest = fs::read_to_string(manifest).unwrap();
        assert_eq!(manifest.matches("required-features").count(), TESTS.len());
        for test in TESTS {
            assert!(manifest.contains(&format!("name = \"{test}\"")), "{test}");
        }
    }

    #[test]
    fn every_feature_is_one_of_the_framework_too() {
        let manifest = workspace::root().join("micro-kafka/Cargo.toml");
        let manifest = fs::read_to_string(manifest).unwrap();
        for feature in FEATURES {
            assert!(manifest.contains(&format!("\n{feature} = [")), "{feature}");
        }
    }
}
