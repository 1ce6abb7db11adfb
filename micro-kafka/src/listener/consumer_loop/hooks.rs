//! Who is told of partitions that come and go.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::listener::event::ContainerEvent;
use crate::listener::in_flight::panic_text;
use crate::listener::{AssignedPartition, RebalanceListener};

/// A hook of the program's.
pub(super) type Hook = fn(&dyn RebalanceListener, &str, &[AssignedPartition]);

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// The partition as others know it.
    pub(super) fn assigned_name(&self, slot: Slot) -> AssignedPartition {
        let name = self.source.name(slot);
        AssignedPartition {
            topic: std::sync::Arc::clone(&name.topic),
            partition: name.partition,
            consumer: self.seat.number,
        }
    }

    /// Calls a hook, if the program has one and there are partitions.
    pub(super) fn call_hook(&self, hook: Hook, slots: &[Slot]) {
        let Some(listener) = &self.seat.deps.rebalance_listener else {
            return;
        };
        if slots.is_empty() {
            return;
        }
        let partitions = slots.iter().map(|slot| self.assigned_name(*slot));
        let partitions = partitions.collect::<Vec<_>>();
        let id = &*self.seat.endpoint.id;
        self.seat.status.pulse.begin(slots[0], -1, Instant::now());
        let called = catch_unwind(AssertUnwindSafe(|| hook(&**listener, id, &partitions)));
        self.seat.status.pulse.end();
        if let Err(panic) = called {
            let text = panic_text(&*panic);
            tracing::error!(listener = id, text, "a rebalance listener panicked");
        }
    }

    pub(super) fn tell_partitions(
        &self,
        event: fn(Vec<AssignedPartition>) -> ContainerEvent,
        slots: &[Slot],
    ) {
        if !slots.is_empty() {
            let partitions = slots.iter().map(|slot| self.assigned_name(*slot));
            self.seat.events.tell(event(partitions.collect()));
        }
    }
}
