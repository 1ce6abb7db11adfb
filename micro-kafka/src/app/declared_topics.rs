//! Topics as code: what settings and types declare is made before anything starts.

use std::collections::BTreeMap;

use super::builder::KafkaAppBuilder;
use super::error::{BootError, BootErrors, Error};
use crate::admin::{AdminConfig, AdminError, KafkaAdmin, NewTopic, TopicStep};
use crate::config::{Config, TopicSettings};
use crate::template::{KafkaRecord, KafkaTemplate};

/// The topics of types, each with the name of its type.
#[derive(Debug, Default)]
pub(super) struct DeclaredTopics(Vec<(&'static str, Option<NewTopic>)>);

impl KafkaAppBuilder {
    /// Makes the topic of a type at start, as its `#[derive(KafkaRecord)]` declares it: with
    /// `partitions`, `replication_factor`, `compacted` and `configs`. Settings of
    /// `[kafka.topics.<name>]` count over those. Spring's `NewTopic` bean.
    pub fn topic<R: KafkaRecord>(mut self) -> Self {
        let declared = (std::any::type_name::<R>(), R::declared_topic());
        self.declared_topics.0.push(declared);
        self
    }
}

impl DeclaredTopics {
    /// Reports types that declare nothing, and those that declare one topic in two ways.
    pub(super) fn check(self, problems: &mut Vec<BootError>) -> Vec<NewTopic> {
        let mut topics: BTreeMap<String, (&str, NewTopic)> = BTreeMap::new();
        for (owner, declared) in self.0 {
            let Some(topic) = declared else {
                problems.push(BootError::new(format!(
                    "`{owner}` declares no topic: derive `KafkaRecord`, or implement `declared_topic`"
                )));
                continue;
            };
            match topics.get(topic.name()) {
                Some((other, first)) if *first != topic => problems.push(BootError::new(format!(
                    "`{other}` and `{owner}` declare topic `{}` in two ways: let one of them say it, \
                     or both the same",
                    topic.name()
                ))),
                Some(_) => {}
                None => {
                    topics.insert(topic.name().to_owned(), (owner, topic));
                }
            }
        }
        topics.into_values().map(|(_, topic)| topic).collect()
    }
}

/// What the settings and the types declare; the settings count over the types.
fn all(config: &Config, of_types: &[NewTopic]) -> Vec<NewTopic> {
    let settings = config.kafka().topics.iter();
    let mut topics: BTreeMap<&str, NewTopic> = settings
        .map(|(name, topic)| (name.as_str(), of_settings(name, topic)))
        .collect();
    for topic in of_types {
        let merged = match topics.remove(topic.name()) {
            Some(over) => over.or(topic),
            None => topic.clone(),
        };
        topics.insert(topic.name(), merged);
    }
    topics.into_values().collect()
}

/// Creates and grows the declared topics, and alters them where that is asked for.
pub(super) async fn ensure(
    config: &Config,
    of_types: &[NewTopic],
    template: &KafkaTemplate,
) -> Result<(), Error> {
    let settings = &config.kafka().admin;
    let topics = all(config, of_types);
    if topics.is_empty() || !settings.auto_create || template.is_recording() {
        return Ok(());
    }
    let admin = admin(config, template)?.timeout(settings.operation_timeout);
    let modify = settings.modify_topic_configs;
    match admin.create_or_modify(&topics, modify).await {
        Ok(plan) => {
            plan.steps.iter().for_each(|step| tell(step, modify));
            Ok(())
        }
        Err(error) if settings.fail_fast => {
            let text = format!("the declared topics could not be made: {error}");
            Err(Error::Boot(BootErrors::one(text)))
        }
        Err(error) => {
            let unauthorised = matches!(error, AdminError::Unauthorized { .. });
            tracing::error!(
                %error,
                unauthorised,
                "the declared topics could not be made; fail-fast = true in [kafka.admin] makes that \
                 fatal"
            );
            Ok(())
        }
    }
}

/// An admin with a name or properties of its own, or one by the producer's connections.
fn admin(config: &Config, template: &KafkaTemplate) -> Result<KafkaAdmin, Error> {
    let settings = &config.kafka().admin;
    if settings.client_id.is_none() && settings.properties.is_empty() {
        return Ok(template.admin());
    }
    let mut properties = config.shared_properties();
    properties.extend(&settings.properties);
    let properties = properties
        .iter()
        .map(|(name, value, _)| (name.to_owned(), value.to_owned()));
    let mut own = AdminConfig::new(&config.kafka().bootstrap_servers);
    own.properties = properties.collect();
    let client_id = settings.client_id.iter();
    own.properties
        .extend(client_id.map(|id| ("client.id".to_owned(), id.clone())));
    own.namespace = config.kafka().namespaced("");
    KafkaAdmin::new(&own).map_err(|error| Error::Boot(BootErrors::one(error.to_string())))
}

fn of_settings(name: &str, settings: &TopicSettings) -> NewTopic {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(declared: &[(&'static str, Option<NewTopic>)]) -> (Vec<NewTopic>, Vec<String>) {
        let mut problems = Vec::new();
        let topics = DeclaredTopics(declared.to_vec()).check(&mut problems);
        (topics, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn types_that_declare_nothing_or_contradict_are_told() {
        let orders = || NewTopic::new("orders").partitions(3);
        let (made, problems) = topics(&[
            ("Order", Some(orders())),
            ("Refund", Some(orders())),
            ("Tick", None),
            ("Late", Some(NewTopic::new("orders"))),
        ]);
        assert_eq!(made, [orders()]);
        let [none, two] = &problems[..] else {
            panic!("{problems:?}");
        };
        assert!(none.contains("`Tick` declares no topic"), "{none}");
        assert!(
            two.contains("`Order` and `Late` declare topic `orders` in two ways"),
            "{two}"
        );
    }

    #[test]
    fn settings_count_over_types_key_by_key() {
        let toml = "[kafka.topics.orders]\npartitions = 12\nconfigs.retention.ms = 1\n\
                    [kafka.topics.audit]\ncompact = true\n";
        let config = Config::builder().toml_str("a.toml", toml).build().unwrap();
        let of_type = NewTopic::new("orders")
            .partitions(3)
            .replication_factor(2)
            .config("retention.ms", "9")
            .config("max.message.bytes", "7");
        let merged = NewTopic::new("orders")
            .partitions(12)
            .replication_factor(2)
            .config("retention.ms", "1")
            .config("max.message.bytes", "7");
        let audit = NewTopic::new("audit").compacted();
        assert_eq!(all(&config, &[of_type]), [audit, merged]);
    }
}
