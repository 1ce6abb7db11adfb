//! Dead-letter topics that exist before the first letter is written.

use std::collections::{BTreeMap, BTreeSet};

use super::{AdminError, Created, KafkaAdmin, NewTopic};

impl KafkaAdmin {
    /// Creates the dead-letter topics that do not exist, each with as many partitions as its
    /// source (the largest, if several sources share it); returns those that are new.
    ///
    /// Where no source exists yet, the broker's default number is taken. A dead-letter topic that
    /// exists is left as it is: a letter whose partition it lacks goes where its key says.
    ///
    /// # Errors
    /// With the topic that is missing and may not be created, or not even be described.
    pub async fn ensure_dead_letter_topics<S: AsRef<str>, D: AsRef<str>>(
        &self,
        pairs: &[(S, D)],
    ) -> Result<Vec<String>, AdminError> {
        let pairs = pairs.iter();
        let wanted: Vec<_> = pairs
            .map(|(source, dlt)| Wanted::like(source.as_ref(), dlt.as_ref()))
            .collect();
        self.ensure_topics(&wanted).await
    }

    /// The same for topics whose width or replication may be given.
    pub(crate) async fn ensure_topics(
        &self,
        wanted: &[Wanted<'_>],
    ) -> Result<Vec<String>, AdminError> {
        let mut names: Vec<&str> = wanted
            .iter()
            .flat_map(|wanted| [wanted.source, wanted.topic])
            .collect();
        names.sort_unstable();
        names.dedup();
        let counts = self.partition_counts(&names).await?;
        let missing = missing(wanted, &counts);
        let compacted = wanted.iter().filter(|wanted| wanted.compacted);
        let compacted: BTreeSet<&str> = compacted.map(|wanted| wanted.topic).collect();
        let topics: Vec<_> = missing
            .into_iter()
            .map(|(name, (count, replicas))| {
                let topic = NewTopic::new(name);
                let topic = match count {
                    Some(count) => topic.partitions(count),
                    None => topic,
                };
                let topic = match replicas {
                    Some(replicas) => topic.replication_factor(replicas),
                    None => topic,
                };
                match compacted.contains(name) {
                    true => compacted_soon(topic),
                    false => topic,
                }
            })
            .collect();
        let created = self.create_topics(&topics).await?;
        let new = created
            .into_iter()
            .filter(|(_, outcome)| *outcome == Created::New);
        Ok(new.map(|(name, _)| name).collect())
    }
}

/// A topic that has to exist.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'t> {
    /// The one that it is as wide as.
    pub(crate) source: &'t str,
    pub(crate) topic: &'t str,
    /// How many partitions it has instead.
    pub(crate) partitions: Option<u32>,
    pub(crate) replication_factor: Option<u16>,
    /// Whether it keeps the last record of each key only.
    pub(crate) compacted: bool,
}

/// A topic that is read from its beginning by each process: segments are small, since the last one
/// is never compacted.
fn compacted_soon(topic: NewTopic) -> NewTopic {
    topic
        .config("cleanup.policy", "compact")
        .config("segment.bytes", "16777216")
        .config("min.cleanable.dirty.ratio", "0.2")
}

impl<'t> Wanted<'t> {
    /// As wide as its source.
    pub(crate) fn like(source: &'t str, topic: &'t str) -> Self {
        Self {
            source,
            topic,
            partitions: None,
            replication_factor: None,
            compacted: false,
        }
    }
}

/// The topics that do not exist, the most partitions that any source has, and the most replicas
/// that are asked for.
fn missing<'t>(
    wanted: &[Wanted<'t>],
    counts: &BTreeMap<String, Option<u32>>,
) -> BTreeMap<&'t str, (Option<u32>, Option<u16>)> {
    let count = |topic: &str| counts.get(topic).copied().flatten();
    let mut missing = BTreeMap::new();
    for wanted in wanted {
        if count(wanted.topic).is_none() {
            let (most, replicas) = missing.entry(wanted.topic).or_insert((None, None));
            *most = (*most).max(wanted.partitions.or_else(|| count(wanted.source)));
            *replicas = (*replicas).max(wanted.replication_factor);
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_dead_letter_topic_is_as_wide_as_its_widest_source() {
        let counts = [
            ("a", Some(3)),
            ("b", Some(6)),
            ("c", None),
            ("c-dlt", Some(1)),
            ("all", None),
        ];
        let counts = counts.map(|(name, count)| (name.to_owned(), count)).into();
        let pairs = [("a", "all"), ("b", "all"), ("c", "c-dlt"), ("c", "new")];
        let wanted = pairs.map(|(source, topic)| Wanted::like(source, topic));
        let missing = missing(&wanted, &counts);
        let expected = BTreeMap::from([("all", (Some(6), None)), ("new", (None, None))]);
        assert_eq!(missing, expected);
    }

    #[test]
    fn what_is_asked_for_counts_more_than_the_source() {
        let counts = [("a".to_owned(), Some(3))].into();
        let wanted = Wanted {
            partitions: Some(1),
            replication_factor: Some(2),
            ..Wanted::like("a", "a-retry")
        };
        let missing = missing(&[wanted], &counts);
        assert_eq!(missing, BTreeMap::from([("a-retry", (Some(1), Some(2)))]));
    }
}
