//! Where records are sent, and for whom.

use super::letter::Letter;
use crate::record::OwnedRecord;

/// The topic of replayed records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// Where each has come from.
    Origin,
    /// One for all, as the broker knows it.
    Topic(String),
}

/// Which group handles them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Audience {
    /// The one that has failed with the record; everybody, in another topic than the original.
    Concerned,
    /// Everybody who reads the topic.
    All,
    /// This one, as the broker knows it.
    Group(String),
}

/// The partitioner decides.
pub(super) const BY_KEY: i32 = -1;

impl Target {
    /// Whether such a record may be sent at all: headers can be forged, and neither the brokers' own
    /// topics nor those of other namespaces are written because a letter says so.
    pub(super) fn allows(&self, letter: &Letter<'_>, namespace: &str) -> bool {
        match self {
            Self::Origin => {
                let topic = &*letter.origin.topic;
                topic.starts_with(namespace)
                    && !topic.starts_with("__")
                    && letter.record.topic() != topic
            }
            Self::Topic(_) => true,
        }
    }

    /// Puts a record on its way.
    pub(super) fn address(&self, record: &mut OwnedRecord) {
        if let Self::Topic(topic) = self {
            record.topic.clone_from(topic);
            record.partition = BY_KEY;
        }
    }
}

impl Audience {
    /// The group that is written into the marker of a record for that topic.
    pub(super) fn of<'a>(&'a self, topic: &str, letter: &'a Letter<'_>) -> Option<&'a [u8]> {
        match self {
            Self::Concerned if topic == letter.origin.topic => letter.origin.group.as_deref(),
            Self::Concerned | Self::All => None,
            Self::Group(group) => Some(group.as_bytes()),
        }
    }
}
