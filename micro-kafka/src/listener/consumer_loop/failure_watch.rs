//! Telling what becomes of failed records: retry listeners, counters, events and alarms.

use super::ConsumerLoop;
use super::failure::Decided;
use crate::client::RecordSource;
use crate::error::{Action, BoxError, ListenerError, Recovered};
use crate::listener::event::ContainerEvent;
use crate::listener::{Alarm, AlarmKind, Delivery, RecordPlace};
use crate::observe::catalog;

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Tells a failure and what was decided.
    pub(super) fn tell_decided(
        &self,
        delivery: &Delivery,
        error: &ListenerError,
        action: Action,
        decided: Decided,
    ) {
        let hooks = &self.seat.deps.failure_hooks;
        hooks
            .retry_listeners
            .tell(|listener| listener.failed(delivery, error, action));
        let outcome = match decided {
            Decided::Again(delay) => {
                self.seat.events.tell_of(|| ContainerEvent::RecordRetried {
                    record: self.place(delivery),
                    error: error.class(),
                    attempt: delivery.attempt(),
                    delay,
                });
                self.sound(AlarmKind::Retries, delivery, error);
                "retry"
            }
            // Counted once they are there.
            Decided::Recover(_) => return,
            Decided::Skip => "skip",
            Decided::Park => "park",
            Decided::Stop => "stop",
        };
        self.count_outcome(delivery, error, outcome);
    }

    /// Tells where a record went.
    pub(super) fn tell_recovered(
        &self,
        delivery: &Delivery,
        error: &ListenerError,
        went: Recovered,
    ) {
        let went = match went {
            Recovered::Lifted => return,
            Recovered::Parked => {
                let record = self.place(delivery);
                let parked = ContainerEvent::RecordParked { record };
                return self.seat.events.tell_of(|| parked);
            }
            Recovered::Waits => Recovered::SentToRetryTopic,
            went => went,
        };
        let hooks = &self.seat.deps.failure_hooks;
        hooks
            .retry_listeners
            .tell(|listener| listener.recovered(delivery, error, went));
        self.seat
            .events
            .tell_of(|| ContainerEvent::RecordRecovered {
                record: self.place(delivery),
                error: error.class(),
                attempts: delivery.attempt(),
                went,
            });
        let (outcome, kind) = match went {
            Recovered::DeadLettered => ("dead_letter", AlarmKind::DeadLetters),
            Recovered::SentToRetryTopic | Recovered::Waits => ("retry_topic", AlarmKind::Retries),
            Recovered::GivenUp => ("given_up", AlarmKind::DeadLetters),
            Recovered::Parked | Recovered::Lifted => return,
        };
        self.count_outcome(delivery, error, outcome);
        self.sound(kind, delivery, error);
    }

    /// Tells that the recoverer could not take a record.
    pub(super) fn tell_recovery_failed(
        &self,
        delivery: &Delivery,
        error: &ListenerError,
        trouble: &BoxError,
        tries: u32,
    ) {
        let listeners = &self.seat.deps.failure_hooks.retry_listeners;
        listeners.tell(|listener| listener.recovery_failed(delivery, error, trouble, tries));
        self.count_outcome(delivery, error, "recovery_failed");
    }

    fn place(&self, delivery: &Delivery) -> RecordPlace {
        let token = delivery.token;
        self.seat.status.place(token.slot, token.offset)
    }

    fn count_outcome(&self, delivery: &Delivery, error: &ListenerError, outcome: &'static str) {
        if let Some(trace) = &delivery.trace {
            trace.decided(outcome, error.class());
        }
        let listener = &*self.seat.endpoint.id;
        catalog::FAILURES
            .counter(
                &self.seat.endpoint.metric_tags,
                &[listener, error.class(), outcome],
            )
            .increment(1);
    }

    /// Raises the alarm, if this failure passes a threshold.
    fn sound(&self, kind: AlarmKind, delivery: &Delivery, error: &ListenerError) {
        let settings = self.seat.endpoint.alarm;
        let now = self.timers.now();
        let Some((count, within)) = self.seat.stats.alarms.count(kind, settings, now) else {
            return;
        };
        let alarm = Alarm {
            listener: std::sync::Arc::clone(&self.seat.endpoint.id),
            kind,
            count,
            within,
            record: self.place(delivery),
            error: error.class(),
        };
        tracing::error!(listener = &*alarm.listener, %alarm, "many records fail");
        self.seat.deps.failure_hooks.alarm.call(&alarm);
        self.seat
            .events
            .tell_of(|| ContainerEvent::FailureAlarm(alarm));
    }
}
