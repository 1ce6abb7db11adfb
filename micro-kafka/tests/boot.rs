//! What is wrong at boot is found at boot.

use micro_kafka::config::Config;
use micro_kafka::prelude::*;

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("gateway timed out")]
    #[kafka(retry)]
    Timeout,
    #[error("card declined")]
    #[kafka(dead_letter)]
    Declined,
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(order: &str) -> Result<(), ChargeError> {
    match order {
        "late" => Err(ChargeError::Timeout),
        "bad" => Err(ChargeError::Declined),
        _ => Ok(()),
    }
}

#[test]
fn a_mistyped_variant_in_the_settings_is_named_with_its_place() {
    let settings = "[kafka.listeners.charge.retry]\nTimout.attempts = 3\nDeclined.attempts = 2\n";
    let config = Config::builder()
        .toml_str("application.toml", settings)
        .build()
        .unwrap();
    let error = KafkaApp::builder()
        .config(config)
        .listener(charge)
        .build()
        .unwrap_err();
    let report = error.to_string();
    assert!(report.contains("1 problem"), "{report}");
    assert!(report.contains("application.toml:2:1"), "{report}");
    assert!(report.contains("did you mean \"Timeout\"?"), "{report}");
}
