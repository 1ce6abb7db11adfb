//! The scheduler of delayed sends, where the settings turn it on.

use std::collections::BTreeMap;

use super::error::{BootErrors, Error};
use super::maker::Maker;
use crate::admin::{Created, KafkaAdmin, NewTopic};
use crate::config::Config;
use crate::delayed::{DelayedSettings, DelayedWorker};

const CLEANUP: &str = "cleanup.policy";

/// Creates the topic if it is missing, and starts the scheduler; `None` where delayed sends are
/// off.
pub(super) async fn start(maker: &Maker) -> Result<Option<DelayedWorker>, Error> {
    let kafka = &maker.template;
    let Some(settings) = settings(&maker.config, maker).filter(|_| !kafka.is_recording()) else {
        return Ok(None);
    };
    let delayed = &maker.config.kafka().delayed;
    let topic = NewTopic::new(&settings.topic)
        .partitions(delayed.partitions)
        .config(CLEANUP, "compact");
    let topic = match delayed.replication_factor {
        Some(factor) => topic.replication_factor(factor),
        None => topic,
    };
    let admin = kafka.admin().with_wire_names();
    let refused = |error: String| {
        let topic = &settings.topic;
        let report = format!("the topic `{topic}` of `[kafka.delayed]`: {error}");
        Error::Boot(BootErrors::one(report))
    };
    let created = admin.create_topics(&[topic]).await;
    let created = created.map_err(|error| refused(error.to_string()))?;
    if created.values().any(|made| *made == Created::New) {
        tracing::info!(topic = settings.topic, "topic of delayed sends created");
    }
    if created.values().any(|made| *made == Created::Existing) {
        check_compacted(&admin, &settings.topic)
            .await
            .map_err(refused)?;
    }
    let started = DelayedWorker::start(settings.clone(), kafka, &maker.runtime);
    let started = started.map_err(|error| refused(error.to_string()))?;
    Ok(Some(started))
}

/// Retention would delete what waits.
async fn check_compacted(admin: &KafkaAdmin, topic: &str) -> Result<(), String> {
    match admin.topic_configs(&[topic]).await {
        Ok(configs) => match cleanup(&configs, topic) {
            Some("compact") | None => Ok(()),
            Some(policy) => Err(format!(
                "it has `{CLEANUP}={policy}`, which deletes what waits: set it to `compact`, or \
                 name another topic"
            )),
        },
        Err(error) => {
            tracing::warn!(topic, %error, "whether the topic of delayed sends is compacted is unknown");
            Ok(())
        }
    }
}

fn cleanup<'c>(
    configs: &'c BTreeMap<String, BTreeMap<String, Option<String>>>,
    topic: &str,
) -> Option<&'c str> {
    configs.get(topic)?.get(CLEANUP)?.as_deref()
}

fn settings(config: &Config, maker: &Maker) -> Option<DelayedSettings> {
    let kafka = config.kafka();
    let topic = kafka.delayed.topic.as_deref()?;
    let group = kafka.delayed.group_id.as_deref().unwrap_or(topic);
    let properties = config.consumer_properties();
    let own = properties
        .iter()
        .filter(|(name, ..)| *name != "group.id")
        .map(|(name, value, _)| (name.to_owned(), value.to_owned()));
    let group = ("group.id".to_owned(), kafka.namespaced(group));
    let windows = maker.windows.as_ref();
    let memory = windows.map_or(kafka.delayed.memory, |all| all.delayed_memory(config));
    Some(DelayedSettings {
        topic: kafka.namespaced(topic),
        properties: own.chain([group]).collect(),
        memory: usize::try_from(memory).unwrap_or(usize::MAX),
        clock: maker.clock.clone(),
        metric_tags: kafka.metric_tags.over(&maker.metric_tags),
    })
}
