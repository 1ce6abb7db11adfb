//! What librdkafka tells the loop: rebalances, answers to commits, errors, filled queues.

use super::{ConsumerLoop, Membership};
use crate::client::{RecordSource, SourceEvent};
use crate::listener::HealthReason;
use crate::listener::event::ContainerEvent;
use crate::observe::catalog;

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Serves callbacks, errors and filled queues.
    pub(super) fn serve_source(&mut self) {
        let mut events = std::mem::take(&mut self.inbox.events);
        self.source.poll_events(&mut events);
        for event in events.drain(..) {
            match event {
                SourceEvent::Assign(slots) => self.assign(&slots),
                SourceEvent::Revoke { slots, lost } => self.revoke(slots, lost),
                SourceEvent::Committed { id, result } => self.take_commit_answer(id, result),
                SourceEvent::Error { name, text, denied } => {
                    self.report_as(name, &text, denied.is_some());
                    self.note_denied(denied, &text);
                }
                SourceEvent::Fatal(reason) => self.fatal = Some(explained(reason)),
            }
        }
        self.inbox.events = events;
        let mut filled = std::mem::take(&mut self.inbox.filled);
        self.source.take_filled(&mut filled);
        for slot in filled.drain(..) {
            if let Some(partition) = self.partition(slot) {
                partition.filled = true;
                self.enqueue(slot);
            }
        }
        self.inbox.filled = filled;
        if self.alarm.take_tick() {
            self.report_idleness();
            self.report_joining();
            self.report_lag();
            self.report_fences();
            self.look_at_denied();
        }
    }

    pub(super) fn report(&mut self, name: &str, text: &str) {
        self.report_as(name, text, false);
    }

    /// What is `denied` has a reason of its own in the health.
    fn report_as(&mut self, name: &str, text: &str, denied: bool) {
        tracing::warn!(
            listener = &*self.seat.endpoint.id,
            consumer = self.seat.number,
            name,
            "kafka: {text}"
        );
        if is_authentication(name, text) && !std::mem::replace(&mut self.refused, true) {
            self.seat.events.tell(ContainerEvent::AuthenticationFailed {
                consumer: self.seat.number,
                reason: text.to_owned(),
            });
        }
        if self.membership != Membership::Member && !denied {
            self.membership = Membership::Refused;
            let trouble = HealthReason::NotJoined {
                consumer: self.seat.number,
                reason: text.to_owned(),
            };
            self.seat.status.set_consumer_trouble(Some(trouble));
        }
    }

    fn report_lag(&self) {
        for (slot, partition) in self.assigned() {
            let Some(lag) = self.lag(slot, partition) else {
                continue;
            };
            let name = self.source.name(slot);
            let (id, partition) = (&*self.seat.endpoint.id, name.partition.to_string());
            let tags = &self.seat.endpoint.metric_tags;
            let gauge = catalog::LAG.gauge(tags, &[id, &name.topic, &partition]);
            #[allow(
                clippy::cast_precision_loss,
                reason = "a gauge is a float, and lags are far below 2^52"
            )]
            gauge.set(lag as f64);
        }
    }
}

/// Says what to do where the broker does not know the group's protocol.
fn explained(reason: String) -> String {
    match reason.contains("ConsumerGroupHeartbeat") && reason.contains("not supported") {
        true => format!(
            "{reason}. This broker has no groups whose partitions it assigns itself (KIP-848), \
             Apache Kafka has them from 4.0 on: leave `group.protocol` out"
        ),
        false => reason,
    }
}

/// Whether the broker refuses the client for who it is.
fn is_authentication(name: &str, text: &str) -> bool {
    let named = ["SASL_AUTHENTICATION_FAILED", "_AUTHENTICATION"].contains(&name);
    named
        || name.ends_with("AUTHORIZATION_FAILED")
        || text.contains("authentication fail")
        || text.contains("Authentication fail")
        || text.contains("SSL handshake failed")
}
