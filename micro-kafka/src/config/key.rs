//! Relaxed keys: `group-id`, `group_id` and `groupId` are one.

use super::property_names;

/// The form in which all spellings of a key are equal.
pub(crate) fn relaxed(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// A key of a table: its own spelling, ordered so that spellings of one key are neighbours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    relaxed: String,
    spelling: String,
}

impl Key {
    pub(crate) fn new(spelling: &str) -> Self {
        Self {
            relaxed: relaxed(spelling),
            spelling: spelling.to_owned(),
        }
    }

    /// The key of a librdkafka property: aliases, and dots, hyphens and underscores, are equal.
    pub(crate) fn property(spelling: &str) -> Self {
        let canonical = property_names::canonical(spelling);
        Self {
            relaxed: property_names::squeezed(&canonical),
            spelling: spelling.to_owned(),
        }
    }

    /// A key that comes before all spellings that equal this one.
    pub(crate) fn first_spelling(&self) -> Self {
        Self {
            relaxed: self.relaxed.clone(),
            spelling: String::new(),
        }
    }

    pub(crate) fn relaxed(&self) -> &str {
        &self.relaxed
    }

    pub(crate) fn spelling(&self) -> &str {
        &self.spelling
    }
}

#[cfg(test)]
mod tests {
    use super::relaxed;

    #[test]
    fn kebab_snake_camel_and_upper_case_are_one_key() {
        for spelling in ["group-id", "group_id", "groupId", "GROUP_ID", "GroupId"] {
            assert_eq!(relaxed(spelling), "groupid");
        }
    }
}
