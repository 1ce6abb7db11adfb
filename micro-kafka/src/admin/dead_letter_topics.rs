//! Dead-letter topics that exist before the first letter is written.

use std::collections::BTreeMap;

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
        let pairs: Vec<_> = pairs
            .map(|(source, dlt)| (source.as_ref(), dlt.as_ref()))
            .collect();
        let mut names: Vec<&str> = pairs
            .iter()
            .flat_map(|(source, dlt)| [*source, *dlt])
            .collect();
        names.sort_unstable();
        names.dedup();
        let counts = self.partition_counts(&names).await?;
        let missing = missing(&pairs, &counts);
        let topics: Vec<_> = missing
            .into_iter()
            .map(|(name, count)| {
                let topic = NewTopic::new(name);
                match count {
                    Some(count) => topic.partitions(count),
                    None => topic,
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

/// The dead-letter topics that do not exist, and the most partitions that any source has.
fn missing<'p>(
    pairs: &[(&'p str, &'p str)],
    counts: &BTreeMap<String, Option<u32>>,
) -> BTreeMap<&'p str, Option<u32>> {
    let count = |topic: &str| counts.get(topic).copied().flatten();
    let mut missing = BTreeMap::new();
    for (source, dlt) in pairs {
        if count(dlt).is_none() {
            let most = missing.entry(*dlt).or_insert(None);
            *most = (*most).max(count(source));
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
        let missing = missing(&pairs, &counts);
        assert_eq!(missing, BTreeMap::from([("all", Some(6)), ("new", None)]));
    }
}
