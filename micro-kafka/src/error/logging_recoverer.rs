//! The recoverer that only logs.

use super::{ListenerError, Recover, RecoverFuture, Recovered};
use crate::listener::Delivery;

/// Gives the record up with a line in the log: Spring's default, here to be asked for, because it
/// loses the record.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoggingRecoverer;

impl Recover for LoggingRecoverer {
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        tracing::error!(
            listener = &*delivery.listener().id,
            topic = delivery.record().topic(),
            partition = delivery.record().partition(),
            offset = delivery.record().offset(),
            attempts = delivery.attempt(),
            r#type = error.type_name(),
            variant = error.variant(),
            "record given up"
        );
        Box::pin(std::future::ready((
            delivery,
            error,
            Ok(Recovered::GivenUp),
        )))
    }
}
