//! A failure of one record, as the error handler sees it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{BackOff, Classify, Policy};
use crate::codec::{Lookup, LookupError};
use crate::listener::{CrashedConsumer, NotReached};

/// Any error that a handler may return.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Where a failure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The handler returned an error.
    Handler,
    /// The record could not be turned into the handler's arguments; it never ran.
    Decode,
    /// The same because of its key.
    DecodeKey,
    /// What the record cannot be read without, such as its schema, cannot be had at present: it is
    /// delivered again until it can.
    Lookup,
    /// The handler of a batch stopped at an earlier record.
    NotReached,
    /// The handler panicked.
    Panic,
    /// The attempt took longer than the listener's `timeout`.
    Timeout,
    /// A layer around the handler failed.
    Layer,
    /// Processes died while they handled the record: it is quarantined.
    Crash,
    /// The listener's breaker was open: the handler was not called, and the record is delivered
    /// once more.
    Held,
}

/// The waits of records whose lookups fail.
const LOOKUP_BACK_OFF: BackOff = BackOff::Exponential {
    initial: Duration::from_millis(500),
    max: Duration::from_secs(30),
    multiplier: 2.0,
};

/// A failure of one record: the counterpart of Spring's `ListenerExecutionFailedException`.
#[derive(Clone)]
pub struct ListenerError(Box<Details>);

#[derive(Clone)]
struct Details {
    kind: ErrorKind,
    /// Shared: one error may be the failure of all records of a batch.
    source: Arc<dyn Error + Send + Sync>,
    type_name: &'static str,
    variant: Option<&'static str>,
    policy: Policy,
}

impl ListenerError {
    /// An error without a policy of its own.
    #[must_use]
    pub fn from_error<E: Into<BoxError>>(error: E) -> Self {
        Self::new(
            ErrorKind::Handler,
            error.into(),
            std::any::type_name::<E>(),
            None,
            Policy::Inherit,
        )
    }

    /// An error with its own policy.
    #[must_use]
    pub fn from_classified<E: Classify + Error + Send + Sync + 'static>(error: E) -> Self {
        let (variant, policy) = (error.variant(), error.classify());
        Self::new(
            ErrorKind::Handler,
            error.into(),
            std::any::type_name::<E>(),
            Some(variant),
            policy,
        )
    }

    /// A record that could not be turned into the handler's arguments: fatal, so dead-lettered at
    /// once. `error` must not contain the record's values.
    #[must_use]
    pub fn decode<E: Error + Send + Sync + 'static>(error: E) -> Self {
        Self::new(
            ErrorKind::Decode,
            error.into(),
            std::any::type_name::<E>(),
            None,
            Policy::DeadLetter,
        )
    }

    /// The same of a record's key.
    #[must_use]
    pub fn decode_key<E: Error + Send + Sync + 'static>(error: E) -> Self {
        let mut error = Self::decode(error);
        error.0.kind = ErrorKind::DecodeKey;
        error
    }

    /// A record that is to be read again once something was fetched; never seen by error handlers.
    pub(crate) fn pending(lookup: Lookup) -> Self {
        let type_name = std::any::type_name::<Lookup>();
        Self::new(
            ErrorKind::Lookup,
            lookup.into(),
            type_name,
            None,
            Policy::Inherit,
        )
    }

    /// What has to be fetched before the record can be read, if that is all that is wrong.
    pub(crate) fn lookup(&self) -> Option<&Lookup> {
        match self.0.kind {
            ErrorKind::Lookup => self.error().downcast_ref(),
            _ => None,
        }
    }

    /// What the record needs could not be fetched: fatal if it does not exist, else the record is
    /// tried again for ever.
    pub(crate) fn lookup_failed(error: LookupError) -> Self {
        if let LookupError::Missing(_) = error {
            return Self::decode(error);
        }
        let policy = Policy::Retry {
            attempts: Some(u32::MAX),
            back_off: Some(LOOKUP_BACK_OFF),
        };
        let type_name = std::any::type_name::<LookupError>();
        Self::new(ErrorKind::Lookup, error.into(), type_name, None, policy)
    }

    /// A record that the handler of its batch did not come to: it is delivered again, and the error
    /// handler is not asked.
    pub(crate) fn not_reached(error: NotReached) -> Self {
        let type_name = std::any::type_name::<NotReached>();
        let source = Box::new(error);
        Self::new(
            ErrorKind::NotReached,
            source,
            type_name,
            None,
            Policy::Inherit,
        )
    }

    /// A record whose handler was not called, because the breaker was open.
    pub(crate) fn held() -> Self {
        Self::new(
            ErrorKind::Held,
            "the listener's breaker is open".into(),
            "BreakerOpen",
            None,
            Policy::Inherit,
        )
    }

    /// A record that was not handled, because another of its key is in retry.
    pub(crate) fn fenced() -> Self {
        Self::new(
            ErrorKind::Held,
            "another record of its key is in retry".into(),
            "Fenced",
            None,
            Policy::Inherit,
        )
    }

    /// A record that its process died of.
    pub(crate) fn crashed(evidence: CrashedConsumer) -> Self {
        let type_name = std::any::type_name::<CrashedConsumer>();
        Self::new(
            ErrorKind::Crash,
            Box::new(evidence),
            type_name,
            None,
            Policy::DeadLetter,
        )
    }

    /// What a layer around the handler returned; its type is unknown.
    pub(crate) fn from_layer(error: BoxError) -> Self {
        let type_name = std::any::type_name::<BoxError>();
        Self::new(ErrorKind::Layer, error, type_name, None, Policy::Inherit)
    }

    /// A handler that panicked, with the panic's message if it is text.
    pub(crate) fn panic(message: Option<String>) -> Self {
        Self::new(
            ErrorKind::Panic,
            Box::new(HandlerPanic(message)),
            std::any::type_name::<HandlerPanic>(),
            None,
            Policy::Inherit,
        )
    }

    pub(crate) fn new(
        kind: ErrorKind,
        source: BoxError,
        type_name: &'static str,
        variant: Option<&'static str>,
        policy: Policy,
    ) -> Self {
        Self(Box::new(Details {
            kind,
            source: source.into(),
            type_name,
            variant,
            policy,
        }))
    }

    /// Where the failure comes from.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The policy of the error itself; settings may override it by variant.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.0.policy
    }

    /// The full path of the error's type, as in `my_crate::billing::ChargeError`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.0.type_name
    }

    /// The variant of a classified error.
    #[must_use]
    pub fn variant(&self) -> Option<&'static str> {
        self.0.variant
    }

    /// Whether it is, or has among its sources, an error of that type.
    #[must_use]
    pub fn is_caused_by<E: Error + 'static>(&self) -> bool {
        let mut next: Option<&(dyn Error + 'static)> = Some(self.error());
        while let Some(error) = next {
            if error.is::<E>() {
                return true;
            }
            next = error.source();
        }
        false
    }

    /// The variant, or the name of the error's type without its path: for metrics and headers.
    #[must_use]
    pub fn class(&self) -> &'static str {
        let path = self.type_name();
        let path = path.split('<').next().unwrap_or(path);
        self.variant()
            .unwrap_or_else(|| path.rsplit(':').next().unwrap_or(path))
    }

    /// The error itself.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0.source
    }
}

/// A panic of a handler, as an error.
#[derive(Debug)]
struct HandlerPanic(Option<String>);

impl fmt::Display for HandlerPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(message) => write!(f, "the handler panicked: {message}"),
            None => f.write_str("the handler panicked"),
        }
    }
}

impl Error for HandlerPanic {}

impl fmt::Display for ListenerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.source.fmt(f)
    }
}

impl fmt::Debug for ListenerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerError")
            .field("kind", &self.0.kind)
            .field("type", &self.0.type_name)
            .field("variant", &self.0.variant)
            .field("policy", &self.0.policy)
            .field("error", &self.0.source)
            .finish()
    }
}
