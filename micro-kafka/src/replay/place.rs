//! How far a replay has come: the offsets of a group of its own. Every call blocks.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::ReplayError;
use super::scan::Span;
use crate::client::{
    Beginning, ClientError, GroupMetadata, KafkaConsumer, RecordSource as _, Slot, Spot,
};

/// How long the brokers may take to tell offsets.
const TIMEOUT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

/// The partitions of dead letters, as their broker tells them.
#[derive(Debug)]
pub(super) struct Place {
    consumer: KafkaConsumer,
    slots: Vec<Slot>,
}

/// What is left to be read.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) spans: Vec<Span>,
    /// Whether the group had come somewhere.
    pub(super) resumed: bool,
}

impl Place {
    /// Asks in the name of that group, which nobody joins.
    pub(super) fn new(
        settings: &[(String, String)],
        group: &str,
        partitions: &[(String, i32)],
    ) -> Result<Self, ReplayError> {
        let mut settings = settings.to_vec();
        settings.retain(|(name, _)| name != "group.id" && name != "group.instance.id");
        for (name, value) in [("group.id", group), ("isolation.level", "read_committed")] {
            settings.push((name.to_owned(), value.to_owned()));
        }
        let named = partitions.iter();
        let named = named.map(|(topic, number)| (topic.clone(), *number, Beginning::Committed));
        let named: Vec<_> = named.collect();
        let mut consumer = KafkaConsumer::by_hand(&settings, &named)?;
        let slots = partitions.iter();
        let slots = slots.map(|(topic, number)| consumer.slot(topic, *number));
        let slots = slots.collect::<Result<_, _>>()?;
        Ok(Self { consumer, slots })
    }

    /// What the offsets of a transaction are committed for.
    pub(super) fn group(&self) -> Option<GroupMetadata> {
        self.consumer.group_metadata()
    }

    /// What is to be read: from the first letter, or the first of that time in milliseconds since
    /// 1970, to the last one now. Where the group has come already, it goes on.
    pub(super) fn left(&mut self, since: Option<i64>, goes_on: bool) -> Result<Left, ReplayError> {
        let since = since.map_or(Spot::Beginning, Spot::Timestamp);
        let Self { consumer, slots } = self;
        let done = match goes_on {
            // Transactions that are under way are waited for.
            true => patiently(|| consumer.committed(&*slots))?,
            false => Vec::new(),
        };
        let first = patiently(|| consumer.offsets(&*slots, Spot::Beginning))?;
        let since = patiently(|| consumer.offsets(&*slots, since))?;
        let ends = patiently(|| consumer.offsets(&*slots, Spot::End))?;
        let at = |offsets: &[(Slot, i64)], slot| {
            let mut found = offsets.iter();
            found.find_map(|(of, offset)| (*of == slot).then_some(*offset))
        };
        let mut spans = Vec::with_capacity(slots.len());
        for slot in slots {
            let name = consumer.name(*slot);
            let (topic, partition) = (Arc::clone(&name.topic), name.partition);
            let told = (at(&first, *slot), at(&ends, *slot), at(&since, *slot));
            let (Some(first), Some(end), Some(since)) = told else {
                return Err(ReplayError::Unreadable {
                    partition: name.to_string(),
                    offset: -1,
                    reason: "the broker does not tell its offsets".into(),
                });
            };
            let from = match at(&done, *slot) {
                Some(done) if done > end => {
                    return Err(ReplayError::Beyond {
                        partition: name.to_string(),
                        position: done,
                        end,
                    });
                }
                Some(done) => done,
                None => since,
            };
            spans.push(Span {
                topic,
                partition,
                from: from.max(first),
                end,
            });
        }
        let resumed = !done.is_empty();
        Ok(Left { spans, resumed })
    }
}

/// Asks until it is answered: right after a connection brokers may not know who answers.
fn patiently<T>(mut ask: impl FnMut() -> Result<T, ClientError>) -> Result<T, ReplayError> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) if Instant::now() >= deadline => return Err(error.into()),
            Err(error) => {
                tracing::debug!(%error, "offsets are asked for again");
                thread::park_timeout(PAUSE);
            }
        }
    }
}
