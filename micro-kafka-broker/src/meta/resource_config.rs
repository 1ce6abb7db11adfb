//! What is set for resources that are there by their name alone: groups, and subscriptions to
//! client metrics.

use std::collections::BTreeMap;

use parking_lot::RwLock;

use super::broker_config::Values;
use super::config::{ConfigDef, ConfigEntry, ConfigKind, ConfigSource, ConfigSynonym};
use super::{
    BrokerConfig, Catalog, CatalogError, ConfigChanges, client_metrics_config, group_config,
};

/// What a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ResourceKind {
    /// A group of consumers, which need not exist.
    Group,
    /// A subscription to the metrics of clients.
    ClientMetrics,
}

/// Configurations of resources, by name.
pub(super) type Resources = BTreeMap<String, Values>;

/// All that is set for resources.
#[derive(Debug, Default)]
pub(crate) struct ResourceConfigs(RwLock<BTreeMap<ResourceKind, Resources>>);

impl ResourceConfigs {
    /// Names of the resources for which anything is set.
    pub(crate) fn names(&self, kind: ResourceKind) -> Vec<String> {
        let set = self.0.read();
        let of_kind = set.get(&kind);
        of_kind
            .into_iter()
            .flat_map(BTreeMap::keys)
            .cloned()
            .collect()
    }

    /// What is set for a resource.
    fn of(&self, kind: ResourceKind, name: &str) -> Values {
        let set = self.0.read();
        let found = set.get(&kind).and_then(|of_kind| of_kind.get(name));
        found.cloned().unwrap_or_default()
    }

    /// Replaces what is set for a resource.
    pub(super) fn set(&self, kind: ResourceKind, name: &str, values: Values) {
        replace(self.0.write().entry(kind).or_default(), name, values);
    }
}

/// Replaces what is set for a resource; one without anything is forgotten.
pub(super) fn replace(resources: &mut Resources, name: &str, values: Values) {
    match values.is_empty() {
        true => resources.remove(name),
        false => resources.insert(name.to_owned(), values),
    };
}

impl ResourceKind {
    fn check(self, name: &str, values: &Values, broker: &BrokerConfig) -> Result<(), CatalogError> {
        match self {
            Self::Group => group_config::check(name, values, broker),
            Self::ClientMetrics => client_metrics_config::check(name, values),
        }
    }
}

impl Catalog {
    /// Changes a resource's configurations, or with `validate_only` says whether they could be.
    ///
    /// # Errors
    /// [`CatalogError`] with Kafka's text.
    pub(crate) fn alter_resource(
        &self,
        kind: ResourceKind,
        name: &str,
        changes: &ConfigChanges,
        validate_only: bool,
    ) -> Result<(), CatalogError> {
        let _changing = self.changing.lock();
        // Kafka knows no type of these configurations when it adds to lists, and refuses it.
        let values = changes.apply(&self.resources.of(kind, name), |_| None)?;
        kind.check(name, &values, self.config())?;
        if !validate_only {
            for observer in self.observers.read().iter() {
                observer.resource_changed(kind, name, &values);
            }
            self.resources.set(kind, name, values);
        }
        Ok(())
    }

    /// All configurations of a resource, for DescribeConfigs.
    pub(crate) fn describe_resource(&self, kind: ResourceKind, name: &str) -> Vec<ConfigEntry> {
        let values = self.resources.of(kind, name);
        match kind {
            ResourceKind::Group => group_config::describe(&values, self.config()),
            ResourceKind::ClientMetrics => client_metrics_config::describe(&values),
        }
    }
}

/// A configuration as DescribeConfigs shows it: what is set for the resource before what is set
/// `elsewhere`.
pub(super) fn entry(
    def: &ConfigDef,
    set: Option<&String>,
    source: ConfigSource,
    elsewhere: Vec<ConfigSynonym>,
) -> ConfigEntry {
    let own = set.map(|value| ConfigSynonym {
        name: def.name.to_owned(),
        value: Some(parsed(def.kind, value)),
        source,
    });
    let synonyms: Vec<_> = own.into_iter().chain(elsewhere).collect();
    let first = synonyms.first();
    ConfigEntry {
        name: def.name.to_owned(),
        value: match first {
            Some(synonym) => synonym.value.clone(),
            None => def.default.map(str::to_owned),
        },
        source: first.map_or(ConfigSource::Default, |synonym| synonym.source),
        kind: Some(def.kind),
        documentation: def.doc,
        read_only: false,
        sensitive: false,
        synonyms,
    }
}

/// Kafka shows these values as it has read them.
fn parsed(kind: ConfigKind, value: &str) -> String {
    match kind {
        ConfigKind::List => {
            let words: Vec<_> = value.split(',').map(str::trim).collect();
            words.join(",")
        }
        _ => value.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigOp;
    use super::*;

    const SESSION: &str = "consumer.session.timeout.ms";

    fn change(op: ConfigOp) -> ConfigChanges {
        ConfigChanges {
            replace: false,
            ops: vec![(SESSION.to_owned(), op)],
        }
    }

    #[test]
    fn a_resource_is_listed_while_anything_is_set_for_it() {
        let catalog = Catalog::new(BrokerConfig::default(), vec![1]);
        let set = change(ConfigOp::Set(" 50000 ".to_owned()));
        let group = ResourceKind::Group;
        catalog.alter_resource(group, "g", &set, true).unwrap();
        assert!(catalog.resources().names(group).is_empty());
        catalog.alter_resource(group, "g", &set, false).unwrap();
        assert_eq!(catalog.resources().names(group), ["g"]);
        assert!(
            catalog
                .resources()
                .names(ResourceKind::ClientMetrics)
                .is_empty()
        );
        let shown = catalog.describe_resource(group, "g");
        let shown = shown.iter().find(|entry| entry.name == SESSION).unwrap();
        assert_eq!(shown.value.as_deref(), Some("50000"));
        assert_eq!(shown.source, ConfigSource::Group);
        let names: Vec<_> = shown.synonyms.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, [SESSION, "group.consumer.session.timeout.ms"]);
        let deleted = change(ConfigOp::Delete);
        catalog.alter_resource(group, "g", &deleted, false).unwrap();
        assert!(catalog.resources().names(group).is_empty());
    }

    #[test]
    fn nothing_is_added_to_a_list() {
        let catalog = Catalog::new(BrokerConfig::default(), vec![1]);
        let append = ConfigChanges {
            replace: false,
            ops: vec![(
                "match".to_owned(),
                ConfigOp::Append("client_id=a".to_owned()),
            )],
        };
        let refused = catalog
            .alter_resource(ResourceKind::ClientMetrics, "m", &append, false)
            .unwrap_err();
        let text = "Can't APPEND to key match because its type is not LIST.";
        assert_eq!(refused.to_string(), text);
    }
}
