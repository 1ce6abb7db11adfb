//! Tags that every figure of a listener or template has.

use std::sync::Arc;

use metrics::Label;

/// Tags of the program's own, which all figures of a listener or template carry beside those that
/// name it: Spring's `micrometerTags`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricTags(Arc<[(String, String)]>);

impl MetricTags {
    /// These tags, in the order of their names; of two of a name the later one counts.
    #[must_use]
    pub fn new(tags: impl IntoIterator<Item = (String, String)>) -> Self {
        let tags: std::collections::BTreeMap<_, _> = tags.into_iter().collect();
        Self(tags.into_iter().collect())
    }

    /// These tags, and those of `common` whose names these do not have.
    #[must_use]
    pub fn over(&self, common: &Self) -> Self {
        if self.0.is_empty() {
            return common.clone();
        }
        Self::new(common.0.iter().chain(&*self.0).cloned())
    }

    /// The tags.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.0.iter();
        tags.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The labels of a figure: those that name what it is of, then these.
    pub(crate) fn labels(&self, own: &[(&'static str, &str)]) -> Vec<Label> {
        let own = own
            .iter()
            .map(|(name, value)| Label::new(*name, (*value).to_owned()));
        let tags = self.iter();
        let tags = tags.map(|(name, value)| Label::new(name.to_owned(), value.to_owned()));
        own.chain(tags).collect()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for MetricTags {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(tags: I) -> Self {
        Self::new(tags.into_iter().map(|(k, v)| (k.into(), v.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listeners_own_tags_count_over_those_of_all() {
        let common = MetricTags::from_iter([("region", "eu"), ("team", "shop")]);
        let own = MetricTags::from_iter([("team", "billing")]);
        let both: Vec<_> = own.over(&common).0.to_vec();
        let both: Vec<_> = both.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(both, [("region", "eu"), ("team", "billing")]);
        let labels = own.labels(&[("listener", "charge")]);
        let labels: Vec<_> = labels.iter().map(|l| (l.key(), l.value())).collect();
        assert_eq!(labels, [("listener", "charge"), ("team", "billing")]);
    }
}
