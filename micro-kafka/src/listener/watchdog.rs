//! Tells when a handler blocks or computes on its consumer's loop.

use std::sync::Arc;
use std::time::Duration;

use super::event::{ContainerEvent, Events};
use super::health::ConsumerStatus;

/// From when on a handler counts as holding its loop.
pub(super) const HELD: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(250);

/// Watches the loops of one container until it is aborted; one warning per record.
pub(super) async fn watch(listener: Arc<str>, consumers: Vec<Arc<ConsumerStatus>>, events: Events) {
    let mut told = vec![None; consumers.len()];
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        for ((number, status), told) in (0..).zip(&consumers).zip(&mut told) {
            let hold = status.pulse.hold().filter(|hold| hold.duration >= HELD);
            let now = hold.map(|hold| (hold.slot, hold.offset));
            if let Some(hold) = hold.filter(|_| now != *told) {
                let record = status.place(hold.slot, hold.offset);
                tracing::warn!(
                    listener = &*listener, %record, held_ms = hold.duration.as_millis(),
                    "a handler blocks or computes on its consumer's loop, which serves no other \
                     record meanwhile: set `dispatch = \"blocking\"` if it blocks, `\"spawn\"` if it computes"
                );
                events.tell(ContainerEvent::NonResponsive {
                    consumer: number,
                    record,
                    held: hold.duration,
                });
            }
            *told = now;
        }
    }
}
