//! Who decides about the failures of a listener with retry topics.

use std::sync::Arc;

use super::RetryTopics;
use super::settings::Class;
use crate::error::{Action, ErrorHandler, ErrorKind, ListenerError, Policy, source_chain};
use crate::listener::Delivery;

/// Tries in place as often as the policy says, then leaves the record to the recoverer.
#[derive(Debug)]
pub(crate) struct RetryTopicErrorHandler {
    topics: Arc<RetryTopics>,
}

impl RetryTopicErrorHandler {
    pub(crate) fn new(topics: Arc<RetryTopics>) -> Self {
        Self { topics }
    }
}

impl ErrorHandler for RetryTopicErrorHandler {
    fn handle(&self, delivery: &Delivery, error: &ListenerError) -> Action {
        let policy = self.topics.policy();
        let attempts = self.topics.believed(delivery).attempts;
        let action = match policy.class(error, attempts) {
            // Not the record's fault: it has no place among the retries.
            _ if error.kind() == ErrorKind::Lookup => match error.policy() {
                Policy::Retry {
                    back_off: Some(back_off),
                    ..
                } => Action::RetryAfter(back_off.delay(delivery.attempt())),
                _ => Action::RetryAfter(policy.in_place_back_off.delay(delivery.attempt())),
            },
            Class::Retry { .. } if delivery.attempt() < policy.in_place_attempts => {
                Action::RetryAfter(policy.in_place_back_off.delay(delivery.attempt()))
            }
            Class::Retry { .. } => Action::Recover,
            Class::DeadLetter => Action::DeadLetter,
            Class::Skip => Action::Skip,
            Class::Park => Action::Park,
            Class::Stop => Action::Stop,
        };
        log(delivery, error, attempts, action);
        action
    }
}

fn log(delivery: &Delivery, error: &ListenerError, attempts: u32, action: Action) {
    macro_rules! event {
        ($level:ident, $message:literal) => {
            tracing::event!(
                tracing::Level::$level,
                listener = delivery.listener().main_id(),
                topic = delivery.record().topic(),
                partition = delivery.record().partition(),
                offset = delivery.record().offset(),
                attempt = attempts,
                kind = ?error.kind(),
                r#type = error.type_name(),
                variant = error.variant(),
                // In quotes: control characters of the error's text are escaped.
                error = ?source_chain::joined(error.error()),
                action = ?action,
                $message
            )
        };
    }
    match action {
        // The first failure tells; its repetitions would only flood the log.
        Action::RetryAfter(_) | Action::Recover if attempts > 1 => {
            event!(DEBUG, "record failed again")
        }
        Action::RetryAfter(_) | Action::Recover | Action::Skip => event!(WARN, "record failed"),
        _ => event!(ERROR, "record failed"),
    }
}
