//! Changes of configurations, of a topic or of the broker.

use std::sync::Arc;

use super::broker_config::{Values, dynamic_def};
use super::broker_config_table as broker_table;
use super::config::{ConfigDef, ConfigKind};
use super::{
    BrokerScope, Catalog, CatalogError, ConfigError, Topic, TopicSettings, topic_config,
    topic_config_table as topic_table,
};

/// What happens to one configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigOp {
    /// It gets this value.
    Set(String),
    /// It gets its default.
    Delete,
    /// These words are added to its list.
    Append(String),
    /// These words are taken out of its list.
    Subtract(String),
}

/// Changes of the configurations of one topic, broker or other resource.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigChanges {
    /// Whether everything else is reset.
    pub(crate) replace: bool,
    /// What happens, by name.
    pub(crate) ops: Vec<(String, ConfigOp)>,
}

impl ConfigChanges {
    pub(super) fn apply(
        &self,
        current: &Values,
        find: impl Fn(&str) -> Option<&'static ConfigDef>,
    ) -> Result<Values, ConfigError> {
        let mut values = match self.replace {
            true => Values::new(),
            false => current.clone(),
        };
        for (name, op) in &self.ops {
            let known = find(name);
            let list = |values: &Values, verb: &'static str| match known {
                Some(known) if known.kind == ConfigKind::List => {
                    let value = values.get(name).map(String::as_str);
                    Ok(words(value.or(known.default).unwrap_or_default()))
                }
                _ => Err(ConfigError::Conflict(format!(
                    "Can't {verb} to key {name} because its type is not LIST."
                ))),
            };
            let value = match op {
                ConfigOp::Set(value) => value.clone(),
                ConfigOp::Delete => {
                    values.remove(name);
                    continue;
                }
                ConfigOp::Append(added) => {
                    let mut list = list(&values, "APPEND")?;
                    for word in words(added) {
                        if !list.contains(&word) {
                            list.push(word);
                        }
                    }
                    list.join(",")
                }
                ConfigOp::Subtract(taken) => {
                    let taken = words(taken);
                    let mut list = list(&values, "SUBTRACT")?;
                    list.retain(|word| !taken.contains(word));
                    list.join(",")
                }
            };
            values.insert(name.clone(), value);
        }
        Ok(values)
    }
}

fn words(list: &str) -> Vec<String> {
    let words = list.split(',').map(str::trim);
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

impl Catalog {
    /// Changes a topic's configurations, or with `validate_only` says whether they could be.
    ///
    /// # Errors
    /// [`CatalogError`] with Kafka's text.
    pub(crate) fn alter_topic(
        &self,
        topic: &str,
        changes: &ConfigChanges,
        validate_only: bool,
    ) -> Result<(), CatalogError> {
        let _changing = self.changing.lock();
        let image = self.image();
        let found = image.topic(topic).ok_or(CatalogError::UnknownTopic)?;
        let find = |name: &str| topic_table::find(name).map(|known| &known.def);
        let overrides = changes.apply(&found.overrides, find)?;
        topic_config::check_values(&overrides, self.config())?;
        if !validate_only {
            let altered = Topic {
                settings: TopicSettings::new(&overrides, self.config()),
                overrides,
                ..Topic::clone(found)
            };
            self.publish(&image, &Arc::new(altered));
        }
        Ok(())
    }

    /// Changes the broker's configurations while it runs, and with them those of the topics that
    /// have none of their own; with `validate_only` says whether they could be.
    ///
    /// # Errors
    /// [`CatalogError::InvalidRequest`] with Kafka's text.
    pub(crate) fn alter_broker(
        &self,
        scope: BrokerScope,
        changes: &ConfigChanges,
        validate_only: bool,
    ) -> Result<(), CatalogError> {
        let _changing = self.changing.lock();
        let refused = |error: ConfigError| CatalogError::InvalidRequest(error.to_string());
        let find = |name: &str| broker_table::find(name).map(|known| &known.def);
        let current = self.config().dynamic(scope);
        let values = changes.apply(&current, find)?;
        let fixed = values
            .keys()
            .filter(|name| find(name).is_some() && dynamic_def(name).is_none());
        let fixed: Vec<_> = fixed.map(String::as_str).collect();
        if !fixed.is_empty() {
            let text = format!(
                "Cannot update these configs dynamically: [{}]",
                fixed.join(", ")
            );
            return Err(CatalogError::InvalidRequest(text));
        }
        for (name, value) in &values {
            // Kafka keeps what it does not know, too: it may belong to a plugin.
            find(name)
                .map_or(Ok(()), |known| known.check(value))
                .map_err(refused)?;
        }
        if !validate_only {
            for observer in self.observers.read().iter() {
                observer.broker_changed(scope, &values);
            }
            self.config().set_dynamic(scope, values);
            self.republish();
        }
        Ok(())
    }

    /// Gives every topic the settings that follow from the broker's configuration now.
    fn republish(&self) {
        let image = self.image();
        for topic in image.topics() {
            let settings = TopicSettings::new(&topic.overrides, self.config());
            if settings != topic.settings {
                let altered = Topic {
                    settings,
                    ..Topic::clone(topic)
                };
                self.publish(&self.image(), &Arc::new(altered));
            }
        }
    }
}

#[cfg(test)]
#[path = "alter_tests.rs"]
mod tests;
