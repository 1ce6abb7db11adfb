//! A consumer that its group does not answer.

use std::time::Duration;

use super::{ConsumerLoop, Membership};
use crate::client::RecordSource;
use crate::listener::event::ContainerEvent;
use crate::listener::health::HealthReason;

/// How long a consumer may wait for its partitions without a word.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same where the broker assigns: it answers at once, or does not know such groups.
const PATIENCE_WITH_BROKER: Duration = Duration::from_secs(5);

const UNKNOWN_GROUPS: &str = "the broker may not know groups whose partitions it assigns itself \
    (KIP-848), as Apache Kafka does from 4.0 on, and librdkafka does not tell: leave \
    `group.protocol` out then";

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Tells once that a consumer has waited for its partitions for long: the counterpart of
    /// Spring's `ConsumerFailedToStartEvent`.
    pub(super) fn report_joining(&mut self) {
        let properties = &self.seat.endpoint.properties;
        let by_broker = properties.iter().any(|(name, value)| {
            name == "group.protocol" && value.eq_ignore_ascii_case("consumer")
        });
        let patience = match by_broker {
            true => PATIENCE_WITH_BROKER,
            false => PATIENCE,
        };
        let waited = self.begun.elapsed();
        if self.membership != Membership::Joining || waited < patience || self.stop.is_some() {
            return;
        }
        self.membership = Membership::Refused;
        let mut reason = format!("its group has not answered for {} s", waited.as_secs());
        if by_broker {
            reason = format!("{reason}; {UNKNOWN_GROUPS}");
        }
        let consumer = self.seat.number;
        tracing::warn!(
            listener = &*self.seat.endpoint.id,
            consumer,
            reason,
            "not joined yet"
        );
        let event = ContainerEvent::ConsumerNotJoined {
            consumer,
            reason: reason.clone(),
        };
        self.seat.events.tell(event);
        let trouble = HealthReason::NotJoined { consumer, reason };
        self.seat.status.set_consumer_trouble(Some(trouble));
    }
}
