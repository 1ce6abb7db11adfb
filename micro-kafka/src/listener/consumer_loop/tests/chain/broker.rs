//! Where copies, dead letters and fences are published.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::fates::origin_of;
use super::{PARTITIONS, Shared, World};
use crate::error::{FenceLog, Fences, Stored};
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
        if record.partition >= PARTITIONS || record.partition < 0 {
            world.break_by(format!("a copy for partition {}", record.partition));
        }
        record.timestamp = Timestamp::CreateTime(0);
        let (topic, partition) = (record.topic.clone(), record.partition);
        if topic.ends_with("-dlt") {
            let origin = origin_of(&Record::from(record.clone()));
            *world.letters.entry(origin).or_default() += 1;
        }
        let offset = world.append(record);
        match answer {
            Answer::Lost => Err(SendError::NoTopic),
            _ => Ok(SendResult {
                topic: topic.into(),
                partition,
                offset,
                timestamp: Timestamp::NotAvailable,
            }),
        }
    }

    fn commit(&self, _records: Vec<OwnedRecord>) -> Result<(), Vec<SendError>> {
        Err(vec![SendError::NoTopic])
    }
}

#[derive(Debug)]
pub(super) struct FenceTopic {
    pub(super) world: Shared,
    /// How far behind its reader is.
    pub(super) lag: Duration,
}

impl FenceLog for FenceTopic {
    fn queue(
        &self,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
    ) -> Pin<Box<dyn Future<Output = Result<Stored, crate::error::BoxError>> + Send + '_>> {
        let mut world = self.world.lock();
        let answer = world.answer();
        let at = i64::try_from(world.fences.len()).unwrap();
        if answer != Answer::Refused {
            world.fences.push(Some((key, value)));
        }
        Box::pin(std::future::ready(Ok(Box::pin(async move {
            tokio::task::yield_now().await;
            match answer {
                Answer::Stored => Ok(at),
                Answer::Refused | Answer::Lost => Err("the topic of fences is away".into()),
            }
        }) as Stored)))
    }

    fn read(
        &self,
        into: Weak<Fences>,
    ) -> Pin<Box<dyn Future<Output = Result<(), crate::error::BoxError>> + Send + '_>> {
        let (world, lag) = (Arc::clone(&self.world), self.lag);
        tokio::spawn(async move {
            let mut next = 0;
            loop {
                tokio::time::sleep(lag).await;
                let Some(fences) = into.upgrade() else {
                    return;
                };
                loop {
                    let entry = world.lock().fences.get(next).cloned();
                    let Some(entry) = entry else {
                        break;
                    };
                    if let Some((key, value)) = entry {
                        fences.read(i64::try_from(next).unwrap(), &key, value.as_deref());
                    }
                    next += 1;
                    if next % 3 == 0 {
                        break;
                    }
                }
            }
        });
        Box::pin(std::future::ready(Ok(())))
    }
}
