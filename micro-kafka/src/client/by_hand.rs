//! Partitions that a consumer reads without its group's assignment.

use super::{ClientError, KafkaConsumer, RecordSource as _, Slot, SourceEvent, Spot};

/// Where reading of a partition begins that nobody assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// Where the group was, else by `auto.offset.reset`.
    Committed,
    /// At this offset.
    Offset(i64),
    /// At a place that only the broker knows.
    At(Spot),
    /// So many records before the end.
    BeforeEnd(u32),
}

/// What a consumer was given by hand.
#[derive(Debug, Default)]
pub(super) struct ByHand {
    beginnings: Vec<(Slot, Beginning)>,
    told: bool,
}

impl ByHand {
    /// The assignment, the first time.
    pub(super) fn event(&mut self) -> Option<SourceEvent> {
        if self.beginnings.is_empty() || std::mem::replace(&mut self.told, true) {
            return None;
        }
        let slots = self.beginnings.iter().map(|(slot, _)| *slot);
        Some(SourceEvent::Assign(slots.collect()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.beginnings.is_empty()
    }
}

impl KafkaConsumer {
    /// A consumer of these partitions, which joins no group; `settings` are completed by the
    /// framework's defaults.
    pub(crate) fn by_hand(
        settings: &[(String, String)],
        partitions: &[(String, i32, Beginning)],
    ) -> Result<Self, ClientError> {
        let mut consumer = Self::connect(settings)?;
        for (topic, partition, beginning) in partitions {
            let slot = consumer.slot(topic, *partition)?;
            consumer.by_hand.beginnings.push((slot, *beginning));
        }
        consumer.hasten();
        consumer.signal.raise();
        Ok(consumer)
    }

    /// The offsets to begin at, of those partitions that have a place of their own.
    pub(super) fn beginnings(&mut self, slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        let wanted = self.by_hand.beginnings.iter().copied();
        let wanted = wanted.filter(|(slot, _)| slots.contains(slot));
        let wanted = wanted.collect::<Vec<_>>();
        let mut offsets = Vec::new();
        for (slot, beginning) in wanted {
            match beginning {
                Beginning::Committed => {}
                Beginning::Offset(offset) => offsets.push((slot, offset)),
                Beginning::At(spot) => offsets.extend(self.offsets(&[slot], spot)?),
                Beginning::BeforeEnd(count) => {
                    let first = self.offsets(&[slot], Spot::Beginning)?;
                    let end = self.offsets(&[slot], Spot::End)?;
                    let last = |all: &[(Slot, i64)]| all.first().map(|(_, offset)| *offset);
                    let from = last(&end).map(|end| end - i64::from(count));
                    let from = from.max(last(&first));
                    offsets.extend(from.map(|from| (slot, from)));
                }
            }
        }
        Ok(offsets)
    }
}
