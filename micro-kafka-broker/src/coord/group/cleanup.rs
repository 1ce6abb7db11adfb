//! Forgetting: groups and offsets that operators delete, or that nobody has used for long.

use std::collections::BTreeSet;

use super::{Change, CommittedOffset, Effect, Group, GroupError, GroupState, PartitionKey};
use crate::wire::{DecodeError, Reader, Shape, Wire};

/// The kind of group whose members' subscriptions the broker can read.
const CONSUMER: &str = "consumer";

/// From when on the age of an offset counts.
#[derive(Debug, Clone, Copy)]
enum Age {
    /// Since its commit.
    OfCommit,
    /// Since that time: the group's last member has left then.
    Since(i64),
}

impl Group {
    /// Deletes the group, if nobody is in it.
    pub(super) fn delete(&mut self) -> Result<(), GroupError> {
        if self.is_forgotten() {
            return Err(GroupError::UnknownGroup);
        }
        if self.state != GroupState::Empty {
            return Err(GroupError::NotEmpty);
        }
        for key in self.offsets.all() {
            self.forget_offset(key);
        }
        self.remove();
        Ok(())
    }

    /// Deletes offsets of topics that no member reads.
    pub(super) fn delete_offsets(
        &mut self,
        partitions: Vec<PartitionKey>,
    ) -> Result<Vec<Result<(), GroupError>>, GroupError> {
        if self.is_forgotten() {
            return Err(GroupError::UnknownGroup);
        }
        if self.state != GroupState::Empty && !self.is_of_consumers() {
            return Err(GroupError::NotEmpty);
        }
        let outcomes = partitions.into_iter().map(|key| {
            if self.reads(&key.topic) {
                return Err(GroupError::SubscribedToTopic);
            }
            if self.offsets.contains(&key) {
                self.forget_offset(key);
            }
            Ok(())
        });
        Ok(outcomes.collect())
    }

    /// Forgets offsets that are too old, and the group if nothing is left of it.
    pub(super) fn clean_up(&mut self) {
        if self.is_forgotten() {
            return;
        }
        if let Some(age) = self.age() {
            let views = self.offsets.views().into_iter();
            let expired = views.filter(|(key, view)| {
                let old = |committed: &CommittedOffset| self.is_old(age, committed);
                view.committed.as_ref().is_some_and(old)
                    && !view.unstable
                    && !self.reads(&key.topic)
            });
            let expired: Vec<_> = expired.map(|(key, _)| key).collect();
            for key in expired {
                self.forget_offset(key);
            }
        }
        let unused = self.state == GroupState::Empty && self.offsets.is_empty();
        if unused {
            self.remove();
        }
    }

    /// From when on offsets get old; `None` while none of them do.
    fn age(&self) -> Option<Age> {
        if self.protocol_type.is_none() {
            return Some(Age::OfCommit);
        }
        match self.state {
            GroupState::Empty if self.entered_at < 0 => Some(Age::OfCommit),
            GroupState::Empty => Some(Age::Since(self.entered_at)),
            GroupState::Stable if self.subscribed.is_some() => Some(Age::OfCommit),
            GroupState::Stable
            | GroupState::PreparingRebalance
            | GroupState::CompletingRebalance => None,
        }
    }

    fn is_old(&self, age: Age, committed: &CommittedOffset) -> bool {
        if let Some(at) = committed.expires_at {
            return self.unix_millis >= at;
        }
        let since = match age {
            Age::OfCommit => committed.committed_at,
            Age::Since(at) => at,
        };
        let retention = i64::try_from(self.limits.offsets_retention.as_millis());
        self.unix_millis.saturating_sub(since) >= retention.unwrap_or(i64::MAX)
    }

    /// The group is no more.
    fn remove(&mut self) {
        self.effects.push(Effect::Append(Change::Removed));
        let effects = std::mem::take(&mut self.effects);
        *self = Self {
            unix_millis: self.unix_millis,
            effects,
            ..Self::new(self.limits)
        };
    }

    fn is_of_consumers(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER)
    }

    /// Whether a member reads the topic, as far as the broker can tell. As in Kafka one that has left
    /// counts until the next generation begins.
    fn reads(&self, topic: &str) -> bool {
        let subscribed = self.subscribed.as_ref();
        subscribed.map_or_else(|| self.is_of_consumers(), |topics| topics.contains(topic))
    }

    /// The topics that the members read; `None` where they do not say so in a way that the broker
    /// can read.
    pub(super) fn subscribed_topics(&self) -> Option<BTreeSet<String>> {
        if !self.is_of_consumers() {
            return None;
        }
        if self.members.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol = self.protocol_name.as_deref()?;
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            let mut reader = Reader::new(member.metadata(protocol));
            topics.extend(subscription(&mut reader).ok()?);
        }
        Some(topics)
    }
}

/// The topics of a consumer's subscription; every version begins with them.
fn subscription(reader: &mut Reader) -> Result<Vec<String>, DecodeError> {
    let shape = Shape {
        version: 0,
        flexible: false,
        nullable: false,
    };
    i16::decode(reader, shape)?;
    Vec::decode(reader, shape)
}
