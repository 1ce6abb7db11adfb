//! A namespace of a trial's own, on a Kafka that others may use too.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use micro_kafka::config::Config;
use micro_kafka::template::{KafkaTemplate, TemplateConfig};

/// A new namespace.
#[must_use]
pub fn namespace() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    format!("proof-{:x}", now.unwrap_or_default().as_nanos())
}

/// A template in that namespace.
///
/// # Errors
/// If the address is none.
pub fn template(bootstrap: &str, namespace: &str) -> Result<KafkaTemplate, Box<dyn Error>> {
    let config = Config::builder()
        .set("kafka.bootstrap-servers", bootstrap)
        .set("kafka.namespace", namespace);
    let config = TemplateConfig::from(&config.build()?);
    Ok(KafkaTemplate::new(config)?)
}
