//! The broker's own configuration: what it was started with, and what was set since.

use std::collections::BTreeMap;

use parking_lot::RwLock;

use super::ConfigError;
use super::broker_config_table::{BrokerConfigDef, DEFS, find, units};
use super::config::{ConfigEntry, ConfigKind, ConfigSource, ConfigSynonym};

/// Configurations by name.
pub(crate) type Values = BTreeMap<String, String>;

/// Which brokers a setting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BrokerScope {
    /// This one.
    Own,
    /// All that have none of their own.
    Default,
}

/// A broker's configuration, in layers: what was set for it while it runs, for all brokers while
/// they run, at start, and the defaults.
#[derive(Debug, Default)]
pub(crate) struct BrokerConfig {
    fixed: Values,
    dynamic: RwLock<Dynamic>,
}

#[derive(Debug, Clone, Default)]
struct Dynamic {
    own: Values,
    default: Values,
}

impl BrokerConfig {
    /// Checks the given names and values.
    ///
    /// # Errors
    /// [`ConfigError`] for the first unknown name or invalid value.
    pub(crate) fn new<N: AsRef<str>, V: Into<String>>(
        values: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, ConfigError> {
        let mut fixed = Values::new();
        for (name, value) in values {
            let name = name.as_ref();
            let value = value.into();
            Self::check(name, &value)?;
            fixed.insert(name.to_owned(), value);
        }
        Ok(Self {
            fixed,
            dynamic: RwLock::default(),
        })
    }

    /// Checks a name and its value.
    ///
    /// # Errors
    /// [`ConfigError`] for an unknown name or an invalid value.
    pub(crate) fn check(name: &str, value: &str) -> Result<(), ConfigError> {
        let unknown = || ConfigError::Unknown {
            scope: "broker",
            name: name.to_owned(),
        };
        find(name).ok_or_else(unknown)?.def.check(value)
    }

    /// The names of all that can be configured.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        DEFS.iter().map(|known| known.def.name)
    }

    /// The value in force, as text; `None` for null or an unknown name.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.read(name, |value| value.map(str::to_owned))
    }

    /// Looks at the value in force without copying it.
    fn read<R>(&self, name: &str, look: impl FnOnce(Option<&str>) -> R) -> R {
        self.layers(|layers| {
            let set = layers.iter().find_map(|(_, values)| values.get(name));
            let default = || find(name)?.def.default;
            look(set.map(String::as_str).or_else(default))
        })
    }

    /// A number in force; 0 for a name that is none.
    pub(crate) fn number(&self, name: &str) -> i64 {
        let parse = |value: Option<&str>| value?.trim().parse().ok();
        self.read(name, parse).unwrap_or(0)
    }

    /// A switch in force.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let is_true = |value: &str| value.trim().eq_ignore_ascii_case("true");
        self.read(name, |value| value.is_some_and(is_true))
    }

    /// The value of the strongest layer that has one.
    fn set_value(&self, name: &str) -> Option<String> {
        self.layers(|layers| {
            layers
                .iter()
                .find_map(|(_, values)| values.get(name).cloned())
        })
    }

    /// What topics without a value of their own have, where it is not Kafka's default: that of
    /// `name`, or of the same in another unit.
    pub(super) fn for_topics(&self, name: &str) -> Option<String> {
        let units = units(name);
        if units.is_empty() {
            return self.set_value(name);
        }
        let in_units = |values: &Values| {
            units.iter().find_map(|(name, millis)| {
                let number: i64 = values.get(*name)?.trim().parse().ok()?;
                let unlimited = number < 0;
                Some(if unlimited {
                    -1
                } else {
                    number.saturating_mul(*millis)
                })
            })
        };
        let found = self.layers(|layers| layers.iter().find_map(|(_, values)| in_units(values)));
        found.map(|millis| millis.to_string())
    }

    /// What was set for a scope while the broker runs.
    pub(super) fn dynamic(&self, scope: BrokerScope) -> Values {
        let dynamic = self.dynamic.read();
        match scope {
            BrokerScope::Own => dynamic.own.clone(),
            BrokerScope::Default => dynamic.default.clone(),
        }
    }

    /// Replaces what was set for a scope while the broker runs.
    pub(super) fn set_dynamic(&self, scope: BrokerScope, values: Values) {
        let mut dynamic = self.dynamic.write();
        match scope {
            BrokerScope::Own => dynamic.own = values,
            BrokerScope::Default => dynamic.default = values,
        }
    }

    fn layers<R>(&self, read: impl FnOnce(&[(ConfigSource, &Values)]) -> R) -> R {
        let dynamic = self.dynamic.read();
        read(&[
            (ConfigSource::DynamicBroker, &dynamic.own),
            (ConfigSource::DynamicDefaultBroker, &dynamic.default),
            (ConfigSource::StaticBroker, &self.fixed),
        ])
    }

    /// All configurations, for DescribeConfigs.
    pub(crate) fn describe(&self) -> Vec<ConfigEntry> {
        let own = self.dynamic(BrokerScope::Own);
        let all = self.dynamic(BrokerScope::Default);
        let known = DEFS.iter().map(|known| known.def.name);
        let others = own
            .keys()
            .chain(all.keys().filter(|name| !own.contains_key(*name)));
        let others = others
            .map(String::as_str)
            .filter(|name| find(name).is_none());
        known.chain(others).map(|name| self.entry(name)).collect()
    }

    /// What was set for all brokers while they run, for DescribeConfigs.
    pub(crate) fn describe_default(&self) -> Vec<ConfigEntry> {
        let set = self.dynamic(BrokerScope::Default);
        let of_default = |(name, value): (String, String)| {
            let mut entry = self.entry(&name);
            let from_here = |s: &ConfigSynonym| s.source == ConfigSource::DynamicDefaultBroker;
            entry.synonyms.retain(from_here);
            entry.source = ConfigSource::DynamicDefaultBroker;
            entry.value = Some(value).filter(|_| !entry.sensitive);
            entry
        };
        set.into_iter().map(of_default).collect()
    }

    fn entry(&self, name: &str) -> ConfigEntry {
        let known = find(name);
        let kind = known.map(|known| known.def.kind);
        // What is not known may be a secret.
        let sensitive = kind.is_none_or(|kind| kind == ConfigKind::Password);
        let shown = |value: String| Some(value).filter(|_| !sensitive);
        let synonyms = self.synonyms(name);
        ConfigEntry {
            name: name.to_owned(),
            value: self.get(name).and_then(shown),
            source: synonyms.first().map_or(ConfigSource::Default, |s| s.source),
            kind,
            documentation: known.map_or("", |known| known.def.doc),
            read_only: !known.is_some_and(|known| known.dynamic),
            sensitive,
            synonyms: synonyms
                .into_iter()
                .map(|synonym| ConfigSynonym {
                    value: synonym.value.and_then(shown),
                    ..synonym
                })
                .collect(),
        }
    }

    /// All places that give a value for `name`, from the first with that very name on.
    pub(super) fn synonyms(&self, name: &str) -> Vec<ConfigSynonym> {
        let only = [(name, 1)];
        let names = match units(name) {
            [] => &only[..],
            units => units,
        };
        let synonym = |name: &str, value: &str, source| ConfigSynonym {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            source,
        };
        let mut found = Vec::new();
        self.layers(|layers| {
            for (source, values) in layers {
                let set =
                    |(name, _): &(&str, i64)| Some(synonym(name, values.get(*name)?, *source));
                found.extend(names.iter().filter_map(set));
            }
        });
        let default = |(name, _): &(&str, i64)| {
            let value = find(name)?.def.default?;
            Some(synonym(name, value, ConfigSource::Default))
        };
        found.extend(names.iter().filter_map(default));
        found.into_iter().skip_while(|s| s.name != name).collect()
    }

    #[cfg(test)]
    pub(super) fn is_known(name: &str) -> bool {
        find(name).is_some()
    }
}

/// A broker's configuration that can be changed while it runs.
pub(super) fn dynamic_def(name: &str) -> Option<&'static BrokerConfigDef> {
    find(name).filter(|known| known.dynamic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(config: &BrokerConfig, scope: BrokerScope, name: &str, value: &str) {
        let mut values = config.dynamic(scope);
        values.insert(name.to_owned(), value.to_owned());
        config.set_dynamic(scope, values);
    }

    #[test]
    fn what_was_given_wins_over_the_default() {
        let config = BrokerConfig::new([("num.partitions", "4")]).unwrap();
        assert_eq!(config.number("num.partitions"), 4);
        assert_eq!(config.number("default.replication.factor"), 1);
        assert!(config.flag("auto.create.topics.enable"));
        let entries = config.describe();
        let partitions = entries.iter().find(|e| e.name == "num.partitions").unwrap();
        assert_eq!(partitions.source, ConfigSource::StaticBroker);
        assert_eq!(partitions.synonyms.len(), 2);
    }

    #[test]
    fn what_is_set_while_running_wins_over_the_start() {
        let config = BrokerConfig::new([("message.max.bytes", "1")]).unwrap();
        set(&config, BrokerScope::Default, "message.max.bytes", "2");
        assert_eq!(config.number("message.max.bytes"), 2);
        set(&config, BrokerScope::Own, "message.max.bytes", "3");
        assert_eq!(config.number("message.max.bytes"), 3);
        let sources: Vec<_> = config
            .synonyms("message.max.bytes")
            .iter()
            .map(|s| s.source as i8)
            .collect();
        assert_eq!(sources, [2, 3, 4, 5]);
        let default = config.describe_default();
        assert_eq!(default.len(), 1);
        assert_eq!(default[0].value.as_deref(), Some("2"));
        assert_eq!(default[0].synonyms.len(), 1);
    }

    #[test]
    fn units_are_turned_into_milliseconds_and_the_smallest_wins() {
        let config = BrokerConfig::new([("log.retention.hours", "2")]).unwrap();
        let retention = |config: &BrokerConfig| config.for_topics("log.retention.ms");
        assert_eq!(retention(&config).as_deref(), Some("7200000"));
        let given = [("log.retention.hours", "2"), ("log.retention.minutes", "1")];
        let config = BrokerConfig::new(given).unwrap();
        assert_eq!(retention(&config).as_deref(), Some("60000"));
        set(&config, BrokerScope::Default, "log.retention.ms", "5");
        assert_eq!(retention(&config).as_deref(), Some("5"));
        let config = BrokerConfig::new([("log.retention.hours", "-1")]).unwrap();
        assert_eq!(retention(&config).as_deref(), Some("-1"));
        assert_eq!(retention(&BrokerConfig::default()), None);
    }

    #[test]
    fn what_is_not_known_is_kept_secret() {
        let config = BrokerConfig::default();
        set(&config, BrokerScope::Own, "my.plugin.password", "x");
        let entries = config.describe();
        let entry = entries
            .iter()
            .find(|e| e.name == "my.plugin.password")
            .unwrap();
        assert!(entry.sensitive && entry.value.is_none());
        assert!(entry.synonyms.iter().all(|s| s.value.is_none()));
    }

    #[test]
    fn unknown_and_invalid_values_are_refused() {
        assert!(BrokerConfig::new([("num.partition", "4")]).is_err());
        assert!(BrokerConfig::new([("num.partitions", "0")]).is_err());
    }
}
