//! Consumers and partitions that have had no record for a while.

use std::time::Instant;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::listener::event::ContainerEvent;

/// Since when there was no record, and when that was told last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Idleness {
    since: Instant,
    told: Option<Instant>,
}

impl Idleness {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            since: now,
            told: None,
        }
    }

    /// A record came; whether it had been told that there was none.
    fn end(&mut self, now: Instant) -> bool {
        self.since = now;
        self.told.take().is_some()
    }

    /// For how long there was none, if that has to be told now.
    fn due(&mut self, now: Instant, interval: std::time::Duration) -> Option<std::time::Duration> {
        let last = self.told.unwrap_or(self.since);
        if now.saturating_duration_since(last) < interval {
            return None;
        }
        self.told = Some(now);
        Some(now.saturating_duration_since(self.since))
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Notes that a partition had records.
    pub(super) fn had_records(&mut self, slot: Slot) {
        let endpoint = &self.seat.endpoint;
        let (idle, idle_partition) = (endpoint.idle_event, endpoint.idle_partition_event);
        if idle.is_none() && idle_partition.is_none() {
            return;
        }
        let now = self.timers.now();
        if self.idleness.end(now) {
            let consumer = self.seat.number;
            let event = ContainerEvent::NoLongerIdle { consumer };
            self.seat.events.tell(event);
        }
        let ended = self.partition(slot).is_some_and(|p| p.idleness.end(now));
        if ended {
            let partition = self.assigned_name(slot);
            let event = ContainerEvent::PartitionNoLongerIdle { partition };
            self.seat.events.tell(event);
        }
    }

    /// Tells who is idle, at each tick.
    pub(super) fn report_idleness(&mut self) {
        let now = self.timers.now();
        let endpoint = &self.seat.endpoint;
        let interval = endpoint.idle_event;
        if let Some(idle) = interval.and_then(|interval| self.idleness.due(now, interval)) {
            let consumer = self.seat.number;
            let event = ContainerEvent::Idle { consumer, idle };
            self.seat.events.tell(event);
        }
        let Some(interval) = endpoint.idle_partition_event else {
            return;
        };
        for slot in (0..).take(self.partitions.len()) {
            let due = self
                .partition(slot)
                .and_then(|p| p.idleness.due(now, interval));
            if let Some(idle) = due {
                let partition = self.assigned_name(slot);
                let event = ContainerEvent::PartitionIdle { partition, idle };
                self.seat.events.tell(event);
            }
        }
    }
}
