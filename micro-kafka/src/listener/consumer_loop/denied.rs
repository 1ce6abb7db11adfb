//! Topics that the consumer may not read, until it may.

use super::{ConsumerLoop, Membership};
use crate::client::{CommitError, RecordSource, Slot};
use crate::listener::health::{Denied, HealthReason};

/// A partition whose fetches are refused, and how far it was then.
#[derive(Debug)]
pub(super) struct DeniedPartition {
    slot: Slot,
    of: Denied,
    known: Known,
}

/// The position and the end that the last fetch has told.
type Known = (Option<i64>, Option<i64>);

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Notes that a topic may not be read. librdkafka asks again for a partition, every 5 s, and for a
    /// topic that it may not even know of after minutes only; a new consumer asks at once.
    pub(super) fn note_denied(&mut self, denied: Option<Denied>, text: &str) {
        let Some(of) = denied else { return };
        if of.1 < 0 && self.membership != Membership::Member {
            self.fatal.get_or_insert_with(|| text.to_owned());
            return;
        }
        let topic = match of.1 {
            ..0 => of.0.clone(),
            partition => format!("{}-{partition}", of.0),
        };
        let trouble = HealthReason::ReadDenied {
            consumer: self.seat.number,
            topic,
            reason: text.to_owned(),
        };
        self.seat.status.set_read_trouble(of.clone(), trouble);
        let named = |slot: &Slot| {
            let name = self.source.name(*slot);
            *name.topic == *of.0 && name.partition == of.1
        };
        let slot = self.assigned().map(|(slot, _)| slot).find(named);
        if let Some(slot) = slot {
            let known = self.known_of(slot);
            self.denied.retain(|other| other.slot != slot);
            self.denied.push(DeniedPartition { slot, of, known });
        }
    }

    /// Notes that a commit was refused for lack of a right.
    pub(super) fn note_commit_denied(&mut self, error: &CommitError) {
        if error.missing.is_none() {
            return;
        }
        let trouble = HealthReason::CommitDenied {
            consumer: self.seat.number,
            reason: error.to_string(),
        };
        self.seat.status.set_commit_trouble(Some(trouble));
        self.commit_denied = true;
    }

    pub(super) fn commit_allowed(&mut self) {
        if std::mem::take(&mut self.commit_denied) {
            self.seat.status.set_commit_trouble(None);
        }
    }

    /// A fetch that was answered has told something new.
    pub(super) fn look_at_denied(&mut self) {
        if self.denied.is_empty() {
            return;
        }
        let denied = std::mem::take(&mut self.denied);
        for partition in denied {
            if self.known_of(partition.slot) == partition.known {
                self.denied.push(partition);
            } else {
                self.allowed(&partition);
            }
        }
    }

    /// A partition that came or went begins without a word against it, and so does its topic.
    pub(super) fn forget_denied(&mut self, slots: &[Slot]) {
        for slot in slots {
            let topic = self.source.name(*slot).topic.to_string();
            self.seat.status.clear_read_trouble(&(topic, -1));
        }
        let denied = std::mem::take(&mut self.denied);
        let (gone, kept) = denied
            .into_iter()
            .partition(|partition| slots.contains(&partition.slot));
        self.denied = kept;
        let gone: Vec<DeniedPartition> = gone;
        gone.iter().for_each(|partition| self.allowed(partition));
    }

    fn allowed(&self, partition: &DeniedPartition) {
        self.seat.status.clear_read_trouble(&partition.of);
    }

    fn known_of(&self, slot: Slot) -> Known {
        (self.source.position(slot), self.source.known_end(slot))
    }
}
