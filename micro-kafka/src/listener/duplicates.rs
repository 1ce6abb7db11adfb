//! Who hears of records that were handled before.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use metrics::Counter;

use super::event::{ContainerEvent, Events};
use super::stats::ListenerStats;
use super::{Delivery, ListenerEndpoint, RecordPlace};
use crate::observe::catalog;

/// Counts and tells the duplicates of one listener.
pub(super) struct Duplicates {
    stats: Arc<ListenerStats>,
    meter: Counter,
    events: Events,
}

impl Duplicates {
    pub(super) fn new(
        endpoint: &ListenerEndpoint,
        stats: &Arc<ListenerStats>,
        events: &Events,
    ) -> Self {
        Self {
            stats: Arc::clone(stats),
            meter: catalog::DUPLICATES.counter(&endpoint.metric_tags, &[&endpoint.id]),
            events: events.clone(),
        }
    }

    /// A record is acknowledged without its handler.
    pub(super) fn tell(&self, delivery: &Delivery) {
        self.stats.duplicates.fetch_add(1, Ordering::Relaxed);
        self.meter.increment(1);
        let record = delivery.record();
        self.events.tell_of(|| ContainerEvent::DuplicateSkipped {
            record: RecordPlace {
                topic: record.topic().into(),
                partition: record.partition(),
                offset: record.offset(),
            },
        });
    }
}

impl std::fmt::Debug for Duplicates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Duplicates")
    }
}
