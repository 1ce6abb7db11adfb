//! Under which names schemas are registered.

/// How the subject of a payload's schema is named; the names in settings are those of Confluent's
/// strategies, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SubjectStrategy {
    /// `topic`: `<topic>-value`, one type for a topic (`TopicNameStrategy`).
    #[default]
    Topic,
    /// `record`: the full name of the record, the same for all topics (`RecordNameStrategy`).
    Record,
    /// `topic-record`: `<topic>-<full name>`, several types for a topic
    /// (`TopicRecordNameStrategy`).
    TopicRecord,
}

impl SubjectStrategy {
    pub(crate) const NAMES: [(&'static str, Self); 3] = [
        ("topic", Self::Topic),
        ("record", Self::Record),
        ("topic-record", Self::TopicRecord),
    ];

    /// The subject of payloads of that record on that topic.
    #[must_use]
    pub fn subject(self, topic: &str, record: &str) -> String {
        match self {
            Self::Topic => format!("{topic}-value"),
            Self::Record => record.to_owned(),
            Self::TopicRecord => format!("{topic}-{record}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SubjectStrategy::{Record, Topic, TopicRecord};

    #[test]
    fn subjects_are_those_of_confluents_strategies() {
        let subject = |strategy: super::SubjectStrategy| strategy.subject("orders", "shop.Order");
        assert_eq!(subject(Topic), "orders-value");
        assert_eq!(subject(Record), "shop.Order");
        assert_eq!(subject(TopicRecord), "orders-shop.Order");
    }
}
