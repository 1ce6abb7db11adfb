//! Where copies and dead letters are published.

use super::fates::{attempt_of, origin_of};
use super::{PARTITIONS, Shared, World};
use crate::record::{OwnedRecord, Record, Timestamp};
use crate::template::{Recorder, SendError, SendResult};

/// What becomes of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Stored,
    Refused,
    /// Stored all the same.
    Lost,
}

impl World {
    fn answer(&mut self) -> Answer {
        if self.away {
            return Answer::Refused;
        }
        if self.refused > 0 {
            self.refused -= 1;
            return Answer::Refused;
        }
        if self.unanswered > 0 {
            self.unanswered -= 1;
            self.disturbed = true;
            return Answer::Lost;
        }
        Answer::Stored
    }
}

#[derive(Debug)]
pub(super) struct Publisher(pub(super) Shared);

impl Recorder for Publisher {
    fn record(&self, mut record: OwnedRecord) -> Result<SendResult, SendError> {
        let mut world = self.0.lock();
        let answer = world.answer();
        if answer == Answer::Refused {
            return Err(SendError::NoTopic);
        }
        if !(0..PARTITIONS).contains(&record.partition) {
            world.break_by(format!("a copy for partition {}", record.partition));
        }
        record.timestamp = Timestamp::CreateTime(0);
        let copy = Record::from(record.clone());
        let (origin, next) = (origin_of(&copy), attempt_of(&copy));
        if record.topic.ends_with("-dlt") {
            *world.letters.entry(origin).or_default() += 1;
        }
        let (topic, partition) = (record.topic.clone(), record.partition);
        let offset = world.append(record);
        if answer == Answer::Lost {
            return Err(SendError::NoTopic);
        }
        if !world.ended.insert((origin, next - 1)) && !world.disturbed {
            let before = next - 1;
            world.break_by(format!("attempt {before} of {origin:?} ends twice"));
        }
        Ok(SendResult {
            topic: topic.into(),
            partition,
            offset,
            timestamp: Timestamp::NotAvailable,
        })
    }

    fn commit(&self, _records: Vec<OwnedRecord>) -> Result<(), Vec<SendError>> {
        Err(vec![SendError::NoTopic])
    }
}
