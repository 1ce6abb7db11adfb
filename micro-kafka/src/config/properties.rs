//! librdkafka properties that are passed through.

use std::collections::BTreeMap;
use std::fmt;

use super::Origin;
use super::property_names::canonical;
use super::secret::{MASK, is_secret};

/// A set of librdkafka properties, each with the place that set it.
///
/// A property is found under each of its names: `linger.ms` is `queue.buffering.max.ms`. `Debug` masks the values of secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties {
    entries: BTreeMap<String, Property>,
}

#[derive(Clone, PartialEq, Eq)]
struct Property {
    value: String,
    origin: Origin,
    secret: bool,
}

impl Properties {
    /// No properties.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a property, over an earlier value.
    pub fn set(&mut self, name: &str, value: impl Into<String>, origin: Origin) {
        self.insert(name, value.into(), origin, false);
    }

    /// Sets a property whose value may have come from a secret.
    pub(crate) fn insert(&mut self, name: &str, value: String, origin: Origin, secret: bool) {
        let secret = secret || is_secret(name);
        let property = Property {
            value,
            origin,
            secret,
        };
        self.entries.insert(canonical(name), property);
    }

    /// Sets a property unless it is set.
    pub fn set_default(&mut self, name: &str, value: impl Into<String>) {
        if self.get(name).is_none() {
            self.set(name, value, Origin::Default);
        }
    }

    /// Sets all properties of `other`, over earlier values.
    pub fn extend(&mut self, other: &Self) {
        for (name, property) in &other.entries {
            self.entries.insert(name.clone(), property.clone());
        }
    }

    /// The value of a property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries.get(&canonical(name)).map(|p| p.value.as_str())
    }

    /// Where a property was set.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.entries.get(&canonical(name)).map(|p| &p.origin)
    }

    /// Names, values and places, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Origin)> {
        self.entries
            .iter()
            .map(|(name, p)| (name.as_str(), p.value.as_str(), &p.origin))
    }

    /// The number of properties.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.entries.retain(|name, _| keep(name));
    }

    /// Whether the value of a property must not be shown.
    #[must_use]
    pub fn is_secret(&self, name: &str) -> bool {
        let entry = self.entries.get(&canonical(name));
        entry.map_or_else(|| is_secret(name), |property| property.secret)
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self
            .entries
            .iter()
            .map(|(name, property)| match property.secret {
                true => (name, MASK),
                false => (name, property.value.as_str()),
            });
        f.debug_map().entries(shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_found_under_its_aliases_and_set_once() {
        let mut properties = Properties::new();
        properties.set("linger.ms", "5", Origin::Program);
        properties.set_default("queue.buffering.max.ms", "7");
        assert_eq!(properties.get("linger.ms"), Some("5"));
        assert_eq!(properties.get("queue.buffering.max.ms"), Some("5"));
        assert_eq!(properties.len(), 1);
    }

    #[test]
    fn debug_shows_values_but_no_secrets() {
        let mut properties = Properties::new();
        properties.set("sasl.password", "hunter2", Origin::Program);
        properties.insert(
            "sasl.username",
            "from-a-secret".into(),
            Origin::Program,
            true,
        );
        properties.set("socket.timeout.ms", "77", Origin::Program);
        let shown = format!("{properties:?}");
        assert!(shown.contains("77"), "{shown}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("from-a-secret"),
            "{shown}"
        );
    }
}
