//! The loaded settings.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::builder::ConfigBuilder;
use super::client_properties::ClientProperties;
use super::compatibility::{AllowedInTheClear, producer_conflicts, transactional_conflict};
use super::deserialize::deserialize;
use super::layers::{Environment, ROOT};
use super::listener_resolution::{ListenerAttributes, ListenerResolution};
use super::memory_budget::budget_conflicts;
use super::placeholder::Resolver;
use super::section::Section;
use super::security::security_conflicts;
use super::suggestion::nearest;
use super::tree::{Node, Table};
use super::{
    ConfigError, ConfigErrors, ConfigProblem, KafkaSettings, Origin, Properties, ResolvedListener,
};

/// All settings of a service: those of the framework, checked, and the service's own tables.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Config {
    loaded: Arc<Loaded>,
}

/// What was read, with and without its placeholders.
pub(crate) struct Loaded {
    pub(crate) tree: Table,
    pub(crate) raw: Table,
    pub(crate) env: Environment,
    pub(crate) kafka: KafkaSettings,
    sources: Vec<String>,
    producer: Properties,
    templates: BTreeMap<String, Properties>,
}

impl Loaded {
    /// Reads and checks `[kafka]`.
    pub(crate) fn read(
        tree: Table,
        raw: Table,
        env: Environment,
        sources: Vec<String>,
    ) -> (Self, Vec<ConfigError>) {
        let mistakes = RefCell::new(Vec::new());
        let mut root = Section::new("", Some(&tree), &mistakes);
        let kafka = KafkaSettings::read(root.inner(ROOT));
        let mut errors = mistakes.into_inner();
        let allowed = AllowedInTheClear(kafka.security.allow_plaintext_credentials);
        let shared = ClientProperties::shared(&kafka, &tree);
        errors.extend(security_conflicts(&kafka, &tree, &shared));
        errors.extend(budget_conflicts(&kafka, &tree));
        let (producer, conflicts) = ClientProperties::producer(&kafka, &tree);
        errors.extend(conflicts);
        errors.extend(producer_conflicts(&producer, allowed));
        if kafka.producer.transaction_id_prefix.is_some() {
            errors.extend(transactional_conflict(&producer));
        }
        let mut templates = BTreeMap::new();
        for (name, template) in &kafka.templates {
            let (properties, conflicts) = ClientProperties::template(&kafka, &tree, name, template);
            let inherited = errors.len();
            errors.extend(conflicts);
            let mut found = producer_conflicts(&properties, allowed);
            if template.producer.transaction_id_prefix.is_some() {
                found.extend(transactional_conflict(&properties));
            }
            for conflict in found {
                // What all producers have in common is told once.
                if !errors[..inherited].contains(&conflict) {
                    errors.push(conflict);
                }
            }
            templates.insert(name.clone(), properties);
        }
        let loaded = Self {
            tree,
            raw,
            env,
            kafka,
            sources,
            producer,
            templates,
        };
        errors.extend(ListenerResolution::new(&loaded).check_all());
        (loaded, errors)
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("sources", &self.loaded.sources)
            .field("kafka", &self.loaded.kafka)
            .finish_non_exhaustive()
    }
}

impl Config {
    pub(crate) fn new(loaded: Arc<Loaded>) -> Self {
        Self { loaded }
    }

    /// Loads the settings from the usual places: see [`ConfigBuilder::discover`].
    ///
    /// # Errors
    /// All mistakes of all files and variables together.
    pub fn load() -> Result<Self, ConfigErrors> {
        Self::builder().discover().build()
    }

    /// Settings that are gathered by hand; looks at nothing of the process unless asked to.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::new()
    }

    /// The settings of the framework.
    #[must_use]
    pub fn kafka(&self) -> &KafkaSettings {
        &self.loaded.kafka
    }

    /// The files and texts that were read, the ones that win last.
    #[must_use]
    pub fn sources(&self) -> &[String] {
        &self.loaded.sources
    }

    /// Whether anything is set at this key, such as `flights` or `flights.topic`.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.loaded.tree.at(key).is_some()
    }

    /// Reads a table or value of the service's own, such as `flights` or `flights.topic`.
    ///
    /// Keys match the fields of a struct in any relaxed spelling.
    ///
    /// # Errors
    /// Nothing is set there, or it does not fit the type: the error names key and place.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T, ConfigError> {
        match self.loaded.tree.at(key) {
            Some(node) => deserialize(node, key),
            None => Err(self.missing(key)),
        }
    }

    /// Resolves the placeholders of a text, such as `${orders.topic:orders}`.
    ///
    /// # Errors
    /// A placeholder that is unclosed, circular, or unset and without a default.
    pub fn resolve(&self, text: &str) -> Result<String, ConfigError> {
        let resolved = Resolver::new(&self.loaded.raw, &self.loaded.env).text(text)?;
        Ok(resolved.text)
    }

    /// What a listener runs with, once its attribute is known.
    ///
    /// # Errors
    /// Every mistake in the attribute and in how it fits the other settings.
    pub fn listener(
        &self,
        attributes: &ListenerAttributes<'_>,
    ) -> Result<ResolvedListener, ConfigErrors> {
        ListenerResolution::new(&self.loaded).resolve(attributes)
    }

    /// Every librdkafka property of producers.
    #[must_use]
    pub fn producer_properties(&self) -> &Properties {
        &self.loaded.producer
    }

    /// The librdkafka properties of a consumer that is no listener's.
    pub(crate) fn consumer_properties(&self) -> Properties {
        let listener = super::ListenerSettings::default();
        ClientProperties::consumer(&self.loaded.kafka, &self.loaded.tree, &listener).0
    }

    /// Every librdkafka property of the template `[kafka.templates.<name>]`.
    #[must_use]
    pub fn template_properties(&self, name: &str) -> Option<&Properties> {
        self.loaded.templates.get(name)
    }

    /// The librdkafka properties that all clients share: servers, client id, security.
    #[must_use]
    pub fn shared_properties(&self) -> Properties {
        ClientProperties::shared(&self.loaded.kafka, &self.loaded.tree)
    }

    /// Where a key was set, for the errors of others.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.loaded.tree.at(key).map(|node| &node.origin)
    }

    pub(super) fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    pub(super) fn tree(&self) -> &Table {
        &self.loaded.tree
    }

    fn missing(&self, key: &str) -> ConfigError {
        let error = ConfigError::new(ConfigProblem::Missing).key(key);
        let (parent, last) = key.rsplit_once('.').unwrap_or(("", key));
        let table = match parent {
            "" => Some(&self.loaded.tree),
            parent => self.loaded.tree.at(parent).and_then(Node::table),
        };
        let names = table.into_iter().flat_map(Table::iter);
        if let Some(near) = nearest(last, names.map(|(key, _)| key.spelling())) {
            return error.hint(format!("did you mean \"{near}\"?"));
        }
        match self.loaded.sources.as_slice() {
            [] => error.hint("no application.toml was found"),
            sources => error.hint(format!("read were {}", sources.join(", "))),
        }
    }
}
