//! An error handler for each kind of error.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::{Action, ErrorHandler, ErrorKind, ListenerError};
use crate::listener::Delivery;

type Matches = Box<dyn Fn(&ListenerError) -> bool + Send + Sync>;

/// Asks another handler by the type of the error: Spring's `CommonDelegatingErrorHandler`.
///
/// ```
/// use micro_kafka::error::{DefaultErrorHandler, DelegatingErrorHandler, StoppingErrorHandler};
///
/// let handler = DelegatingErrorHandler::new(DefaultErrorHandler::default())
///     .on::<std::io::Error>(StoppingErrorHandler);
/// ```
pub struct DelegatingErrorHandler {
    rules: Vec<(Matches, Arc<dyn ErrorHandler>)>,
    default: Arc<dyn ErrorHandler>,
}

impl DelegatingErrorHandler {
    /// Asks `default`, unless a rule says otherwise.
    #[must_use]
    pub fn new(default: impl ErrorHandler + 'static) -> Self {
        Self {
            rules: Vec::new(),
            default: Arc::new(default),
        }
    }

    /// Asks that handler about errors of this type, and about those that have one among their
    /// sources. Of several rules that match, the first counts.
    #[must_use]
    pub fn on<E: Error + 'static>(self, handler: impl ErrorHandler + 'static) -> Self {
        self.when(ListenerError::is_caused_by::<E>, handler)
    }

    /// Asks that handler about classified errors of this variant.
    #[must_use]
    pub fn on_variant(
        self,
        variant: impl Into<String>,
        handler: impl ErrorHandler + 'static,
    ) -> Self {
        let variant = variant.into();
        self.when(
            move |error| error.variant() == Some(variant.as_str()),
            handler,
        )
    }

    /// Asks that handler about failures that come from there.
    #[must_use]
    pub fn on_kind(self, kind: ErrorKind, handler: impl ErrorHandler + 'static) -> Self {
        self.when(move |error| error.kind() == kind, handler)
    }

    fn when(
        mut self,
        matches: impl Fn(&ListenerError) -> bool + Send + Sync + 'static,
        handler: impl ErrorHandler + 'static,
    ) -> Self {
        self.rules.push((Box::new(matches), Arc::new(handler)));
        self
    }
}

impl ErrorHandler for DelegatingErrorHandler {
    fn handle(&self, delivery: &Delivery, error: &ListenerError) -> Action {
        let rule = self.rules.iter().find(|(matches, _)| matches(error));
        let handler = rule.map_or(&self.default, |(_, handler)| handler);
        handler.handle(delivery, error)
    }
}

impl fmt::Debug for DelegatingErrorHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.rules.iter().map(|(_, handler)| handler);
        f.debug_struct("DelegatingErrorHandler")
            .field("rules", &rules.collect::<Vec<_>>())
            .field("default", &self.default)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::fixture::{ChargeError, delivery};
    use crate::error::{LoggingErrorHandler, ParkingErrorHandler, Policy, StoppingErrorHandler};
    use crate::record::OwnedRecord;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_first_rule_that_matches_counts_and_sources_match_too() {
        let handler = DelegatingErrorHandler::new(LoggingErrorHandler)
            .on::<std::io::Error>(StoppingErrorHandler)
            .on::<Outer>(LoggingErrorHandler)
            .on_variant("Timeout", ParkingErrorHandler)
            .on_kind(ErrorKind::Panic, StoppingErrorHandler);
        let asked = |error: ListenerError| {
            handler.handle(&delivery(OwnedRecord::new("orders", 0, 7), 1), &error)
        };
        let io = || std::io::Error::other("disk");
        assert_eq!(asked(ListenerError::from_error(io())), Action::Stop);
        assert_eq!(asked(ListenerError::from_error(Outer(io()))), Action::Stop);
        let timeout = ChargeError::new("Timeout", Policy::Inherit);
        assert_eq!(asked(ListenerError::from_classified(timeout)), Action::Park);
        assert_eq!(asked(ListenerError::panic(None)), Action::Stop);
        assert_eq!(asked(ListenerError::from_error("plain")), Action::Skip);
    }
}
