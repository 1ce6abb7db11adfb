//! librdkafka properties that are passed through.

use std::collections::BTreeMap;
use std::fmt;

use super::Origin;
use super::secret::{MASK, is_secret};

/// A set of librdkafka properties, each with the place that set it.
///
/// `Debug` masks the values of secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties {
    entries: BTreeMap<String, Property>,
}

#[derive(Clone, PartialEq, Eq)]
struct Property {
    value: String,
    origin: Origin,
}

impl Properties {
    /// No properties.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a property, over an earlier value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>, origin: Origin) {
        let value = value.into();
        self.entries.insert(name.into(), Property { value, origin });
    }

    /// Sets a property unless it is set.
    pub fn set_default(&mut self, name: &str, value: impl Into<String>) {
        self.entries
            .entry(name.to_owned())
            .or_insert_with(|| Property {
                value: value.into(),
                origin: Origin::Default,
            });
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
        self.entries.get(name).map(|p| p.value.as_str())
    }

    /// Where a property was set.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.entries.get(name).map(|p| &p.origin)
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
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self
            .iter()
            .map(|(name, value, _)| (name, if is_secret(name) { MASK } else { value }));
        f.debug_map().entries(shown).finish()
    }
}
