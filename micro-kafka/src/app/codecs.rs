//! What the application's payloads share, by its settings.

use super::error::BootError;
use crate::codec::Codecs;
use crate::config::Config;

/// What the program gave, and what the settings say beside it.
pub(super) fn codecs(given: Codecs, config: &Config, problems: &mut Vec<BootError>) -> Codecs {
    let kafka = config.kafka();
    let codecs = given.with_type_mapping(kafka.json.type_mapping.clone());
    with_registry(codecs, config, problems)
}

#[cfg(feature = "schema-registry")]
fn with_registry(codecs: Codecs, config: &Config, problems: &mut Vec<BootError>) -> Codecs {
    use crate::codec::SchemaRegistry;
    use crate::codec::registry::RegistryConfig;

    if codecs.registry().is_some() {
        return codecs;
    }
    match RegistryConfig::from_settings(&config.kafka().schema_registry) {
        Ok(None) => codecs,
        Ok(Some(config)) => codecs.with_registry(SchemaRegistry::new(config)),
        Err(error) => {
            problems.push(BootError::new(format!(
                "kafka.schema-registry.url: {error}"
            )));
            codecs
        }
    }
}

#[cfg(not(feature = "schema-registry"))]
fn with_registry(codecs: Codecs, config: &Config, problems: &mut Vec<BootError>) -> Codecs {
    if config.kafka().schema_registry.url.is_some() {
        problems.push(BootError::new(
            "kafka.schema-registry needs the feature `schema-registry` of micro-kafka, which this \
             build does not have",
        ));
    }
    codecs
}
