//! What becomes of each letter.

use std::time::SystemTime;

use super::builder::Replay;
use super::letter::Letter;
use super::marker::{Marker, marked_time};
use super::repair::Repair;
use super::selection::millis;
use super::target::BY_KEY;
use crate::record::{OwnedRecord, Record, Timestamp};

/// What is to be done with a record of a dead-letter topic.
#[derive(Debug)]
pub(super) enum Fate<'r> {
    /// It is no dead letter, or one that would go where no letter may.
    Foreign,
    /// The same replay has sent it before, and it has failed again.
    FailedAgain,
    /// It is not meant.
    Passed,
    /// The repair function does not want it.
    Skipped,
    Send(Box<Sending<'r>>),
}

/// A letter that is meant, and the record that is made of it.
#[derive(Debug)]
pub(super) struct Sending<'r> {
    pub(super) letter: Letter<'r>,
    pub(super) record: OwnedRecord,
}

impl Replay {
    /// Decides about a record, for that id.
    pub(super) fn sort<'r>(&self, record: &'r Record, id: Option<&str>) -> Fate<'r> {
        let letter = Letter::read(record);
        let Some(letter) =
            letter.filter(|letter| self.target.allows(letter, self.template.namespace()))
        else {
            return Fate::Foreign;
        };
        if id.is_some_and(|id| letter.failed_again_after(id)) {
            return Fate::FailedAgain;
        }
        if !self.selection.includes(&letter) {
            return Fate::Passed;
        }
        let mut restored = letter.restored();
        self.target.address(&mut restored);
        if let Some(millis) = letter.origin.timestamp.filter(|_| self.keeps_timestamps) {
            restored.timestamp = Timestamp::CreateTime(millis);
        }
        if let Some(repair) = &self.repair {
            let (key, partition) = (restored.key.clone(), restored.partition);
            if repair.call(&letter.to_dead_letter(), &mut restored) == Repair::Skip {
                return Fate::Skipped;
            }
            if restored.key != key && restored.partition == partition {
                restored.partition = BY_KEY;
            }
        }
        Fate::Send(Box::new(Sending {
            letter,
            record: restored,
        }))
    }

    /// Writes who has sent the record, and for whom.
    pub(super) fn mark(&self, sending: &mut Sending<'_>, id: &str) {
        let Sending { letter, record } = sending;
        let marker = Marker {
            id,
            group: self.audience.of(&record.topic, letter),
            topic: &record.topic,
            of: &letter.place(),
            count: letter.replays.saturating_add(1),
        };
        if marker.group.is_some() {
            let time = record.timestamp.millis();
            let time = time.unwrap_or_else(|| millis(SystemTime::now()));
            record.timestamp = Timestamp::CreateTime(marked_time(time));
        }
        marker.write(&mut record.headers);
    }
}
