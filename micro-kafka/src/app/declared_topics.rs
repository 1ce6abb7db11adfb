//! Topics as code: what the settings declare is made before anything starts.

use super::error::{BootErrors, Error};
use crate::admin::{AdminConfig, AdminError, KafkaAdmin, NewTopic, TopicStep};
use crate::config::{Config, TopicSettings};
use crate::template::KafkaTemplate;

/// Creates and grows the declared topics, and alters them where that is asked for.
pub(super) async fn ensure(config: &Config, template: &KafkaTemplate) -> Result<(), Error> {
    let (settings, topics) = (&config.kafka().admin, &config.kafka().topics);
    if topics.is_empty() || !settings.auto_create || template.is_recording() {
        return Ok(());
    }
    let topics: Vec<_> = topics
        .iter()
        .map(|(name, topic)| declared(name, topic))
        .collect();
    let admin = admin(config, template)?.timeout(settings.operation_timeout);
    let modify = settings.modify_topic_configs;
    match admin.create_or_modify(&topics, modify).await {
        Ok(plan) => {
            plan.steps.iter().for_each(|step| tell(step, modify));
            Ok(())
        }
        Err(error) if settings.fail_fast => {
            let text = format!("the topics of [kafka.topics] could not be made: {error}");
            Err(Error::Boot(BootErrors::one(text)))
        }
        Err(error) => {
            let unauthorised = matches!(error, AdminError::Unauthorized { .. });
            tracing::error!(
                %error,
                unauthorised,
                "the topics of [kafka.topics] could not be made; fail-fast = true in [kafka.admin] \
                 makes that fatal"
            );
            Ok(())
        }
    }
}

/// An admin with a name of its own, or one by the producer's connections.
fn admin(config: &Config, template: &KafkaTemplate) -> Result<KafkaAdmin, Error> {
    let Some(client_id) = &config.kafka().admin.client_id else {
        return Ok(template.admin());
    };
    let shared = config.shared_properties();
    let properties = shared
        .iter()
        .map(|(name, value, _)| (name.to_owned(), value.to_owned()));
    let mut own = AdminConfig::new(&config.kafka().bootstrap_servers);
    own.properties = properties.collect();
    own.properties
        .push(("client.id".to_owned(), client_id.clone()));
    own.namespace = config.kafka().namespaced("");
    KafkaAdmin::new(&own).map_err(|error| Error::Boot(BootErrors::one(error.to_string())))
}

fn declared(name: &str, settings: &TopicSettings) -> NewTopic {
    let mut topic = NewTopic::new(name);
    if let Some(count) = settings.partitions {
        topic = topic.partitions(count);
    }
    if let Some(factor) = settings.replication_factor {
        topic = topic.replication_factor(factor);
    }
    if settings.compact {
        topic = topic.compacted();
    }
    let configs = settings.configs.iter();
    configs.fold(topic, |topic, (key, value)| topic.config(key, value))
}

fn tell(step: &TopicStep, modify: bool) {
    match step {
        TopicStep::Larger { .. } => tracing::warn!("{step}"),
        TopicStep::Alter { .. } if !modify => tracing::warn!(
            "left alone: {step}; modify-topic-configs = true in [kafka.admin] alters it"
        ),
        _ => tracing::info!("done: {step}"),
    }
}
