//! Partitions that are paused, or read on from elsewhere.

use tokio::time::Instant;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot, Spot};
use crate::listener::event::ContainerEvent;
use crate::listener::ledger::Ledger;
use crate::listener::seek::{SeekRequest, SeekTo, Sought};

/// A seek whose partitions come to rest.
#[derive(Debug)]
pub(super) struct Seeking {
    request: SeekRequest,
    slots: Vec<Slot>,
    /// Where nobody waits any more for what is in a handler.
    until: Instant,
    done: Vec<Sought>,
}

impl Seeking {
    pub(super) fn deadline(&self) -> Instant {
        self.until
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Looks again at what the program has paused.
    pub(super) fn take_pauses(&mut self) {
        for slot in (0..).take(self.partitions.len()) {
            let paused = self.is_paused(slot);
            if let Some(partition) = self.partition(slot) {
                partition.paused = paused;
                self.enqueue(slot);
            }
        }
    }

    pub(super) fn is_paused(&self, slot: Slot) -> bool {
        let name = self.source.name(slot);
        let namespace = &self.seat.deps.namespace;
        let pauses = &self.seat.pauses;
        pauses.cover(namespace, &name.topic, name.partition)
    }

    /// Begins a seek: nothing more of its partitions is begun.
    pub(super) fn begin_seek(&mut self, request: SeekRequest) {
        let namespace = &self.seat.deps.namespace;
        let meant = self.assigned().filter(|(slot, partition)| {
            let name = self.source.name(*slot);
            let target = &request.target;
            !partition.revoking && target.covers(namespace, &name.topic, name.partition)
        });
        let slots = meant.map(|(slot, _)| slot).collect::<Vec<_>>();
        let places = match self.places(&slots, &request.to) {
            Ok(places) => places,
            Err(reason) => {
                let _ = request.answer.send(Err(reason));
                return;
            }
        };
        for (slot, offset) in &places {
            if let Some(partition) = self.partition(*slot) {
                partition.seek = Some(*offset);
                partition.keep_busy();
            }
        }
        self.seeks.push(Seeking {
            request,
            slots: places.into_iter().map(|(slot, _)| slot).collect(),
            until: Instant::now() + self.seat.endpoint.revoke_drain,
            done: Vec::new(),
        });
    }

    /// Where each of these partitions is to read on.
    fn places(&mut self, slots: &[Slot], to: &SeekTo) -> Result<Vec<(Slot, i64)>, String> {
        let spot = match to {
            SeekTo::Beginning => Some(Spot::Beginning),
            SeekTo::End | SeekTo::BeforeEnd(_) => Some(Spot::End),
            SeekTo::Timestamp(millis) => Some(Spot::Timestamp(*millis)),
            SeekTo::Offset(_) | SeekTo::Relative(_) | SeekTo::By(_) => None,
        };
        if let Some(spot) = spot {
            if slots.is_empty() {
                return Ok(Vec::new());
            }
            let found = self.source.offsets(slots, spot);
            let back = match to {
                SeekTo::BeforeEnd(records) => *records,
                _ => 0,
            };
            let found = found.map_err(|error| error.to_string())?;
            return Ok(found
                .into_iter()
                .map(|(slot, offset)| (slot, (offset - back).max(0)))
                .collect());
        }
        let place = |slot: &Slot| {
            let now = self
                .partitions
                .get(*slot as usize)?
                .as_ref()?
                .ledger
                .read_up_to();
            let offset = match to {
                SeekTo::Relative(records) => now? + records,
                SeekTo::By(function) => function(&self.assigned_name(*slot), now)?,
                SeekTo::Offset(offset) => *offset,
                _ => return None,
            };
            Some((*slot, offset.max(0)))
        };
        Ok(slots.iter().filter_map(place).collect())
    }

    /// Goes on with seeks: partitions that have come to rest read on elsewhere.
    pub(super) fn drive_seeks(&mut self) {
        for mut seeking in std::mem::take(&mut self.seeks) {
            let over = Instant::now() >= seeking.until;
            let mut left = Vec::new();
            let mut refused = None;
            for slot in std::mem::take(&mut seeking.slots) {
                let Some(partition) = self.partition(slot).filter(|p| p.seek.is_some()) else {
                    continue;
                };
                if partition.is_busy() {
                    if !over {
                        left.push(slot);
                        continue;
                    }
                    self.abort_lanes(slot);
                }
                match self.seek_now(slot) {
                    Ok(sought) => seeking.done.extend(sought),
                    Err(reason) => refused = Some(reason),
                }
            }
            seeking.slots = left;
            if let Some(reason) = refused {
                let _ = seeking.request.answer.send(Err(reason));
            } else if seeking.slots.is_empty() {
                let _ = seeking.request.answer.send(Ok(seeking.done));
            } else {
                self.seeks.push(seeking);
            }
        }
    }

    fn seek_now(&mut self, slot: Slot) -> Result<Option<Sought>, String> {
        let Some(offset) = self.partition(slot).and_then(|p| p.seek.take()) else {
            return Ok(None);
        };
        let sought = self.source.seek(slot, offset);
        self.epoch += 1;
        let epoch = self.epoch;
        self.seat.status.set_epoch(slot, epoch);
        self.nacks.retain(|(of, _), _| *of != slot);
        if let Err(error) = sought {
            // What had been read and not begun was let go of: only a new consumer reads it again.
            self.fatal
                .get_or_insert_with(|| format!("a seek was refused: {error}"));
            return Err(error.to_string());
        }
        self.read_from(slot, offset);
        if let Some(partition) = self.partition(slot) {
            partition.epoch = epoch;
            partition.filled = true;
        }
        self.enqueue(slot);
        let sought = Sought {
            partition: self.assigned_name(slot),
            offset,
        };
        tracing::info!(
            listener = &*self.seat.endpoint.id,
            topic = &*sought.partition.topic,
            partition = sought.partition.partition,
            offset,
            "a partition reads on from elsewhere"
        );
        self.seat.events.tell(ContainerEvent::Sought {
            partition: sought.partition.clone(),
            offset,
        });
        Ok(Some(sought))
    }

    /// Everything that is known of a partition's records is void; its place is committed next.
    pub(super) fn read_from(&mut self, slot: Slot, offset: i64) {
        if let Some(partition) = self.partition(slot) {
            partition.ledger = Ledger::new(Some(offset));
            partition.full = false;
            partition.sent = None;
            partition.committed = None;
        }
        self.watch_elsewhere(slot);
        self.commit_start(slot, offset);
    }
}
