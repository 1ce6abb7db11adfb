//! What needs more than a C compiler, or builds for minutes: features that `cargo test --workspace` leaves out.

use std::time::Duration;

use super::examples;
use super::step::{CiError, Run};
use super::steps::on;
use crate::kafka::Kafka;

/// The features of `micro-kafka-test`, each of the same name in `micro-kafka`.
const FEATURES: &[&str] = &[
    "tls-system",
    "protobuf",
    "avro",
    "json-schema",
    "schema-registry",
];

/// The integration tests of `micro-kafka-test` that require one of them.
const TESTS: &[&str] = &["registry"];

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Lints, tests and examples with the features on, the tests on both brokers.
pub(super) fn check() -> Result<(), CiError> {
    let examples = examples::optional()?;
    let names = examples.iter().map(|example| format!(" -p {example}"));
    // The same packages each time: another choice would unify features otherwise and build again.
    let packages: String = ["-p micro-kafka -p micro-kafka-test".to_owned()]
        .into_iter()
        .chain(names)
        .collect();
    let features = FEATURES
        .iter()
        .map(|feature| format!("micro-kafka-test/{feature}"));
    let on_examples = examples.iter().map(|example| format!("{example}/all"));
    let features: Vec<String> = features.chain(on_examples).collect();
    let with = format!("--locked {packages} --features {}", features.join(","));
    Run::cargo(&format!("clippy {with} --all-targets -- -D warnings"))
        .limit(LIMIT)
        .check()?;
    Run::cargo(&format!("test {with} --lib"))
        .limit(LIMIT)
        .check()?;
    if !TESTS.is_empty() {
        let tests: String = TESTS.iter().map(|test| format!(" --test {test}")).collect();
        Run::cargo(&format!("test {with}{tests}"))
            .limit(LIMIT)
            .check()?;
        on(&Kafka::fresh("features")?, |bootstrap| {
            Run::cargo(&format!("test {with}{tests}"))
                .limit(LIMIT)
                .env("MICRO_KAFKA_TEST", bootstrap)
                .check()
        })?;
    }
    Run::cargo(&format!("build {with} --bins"))
        .limit(LIMIT)
        .check()?;
    examples
        .iter()
        .try_for_each(|name| examples::compare_built(name))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::workspace;

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
