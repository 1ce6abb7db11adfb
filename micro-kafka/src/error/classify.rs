//! The error type is the error policy.

use std::time::Duration;

use super::BackOff;

/// What an error asks for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Policy {
    /// Whatever the listener's settings say.
    #[default]
    Inherit,
    /// Try again; what is `None` comes from the listener's settings.
    Retry {
        /// Deliveries in all, the first one included.
        attempts: Option<u32>,
        /// The waits between them.
        back_off: Option<BackOff>,
    },
    /// Try again after a delay that was told, for example by a server.
    RetryAfter(Duration),
    /// To the dead-letter topic at once.
    DeadLetter,
    /// Done: log it and go on.
    Skip,
    /// Leave it where it is; its lane waits until somebody asks the container to `unpark`.
    Park,
    /// Stop the container; the record stays uncommitted.
    Stop,
}

/// An error that carries its own policy; derived by `#[derive(Classify)]`.
pub trait Classify {
    /// The names of all variants, so that a mistyped one in the settings is found at boot; `None`
    /// if they are not known.
    const VARIANTS: Option<&'static [&'static str]> = None;

    /// What is to become of the record.
    fn classify(&self) -> Policy;

    /// The name of the variant, for settings, headers and metrics.
    fn variant(&self) -> &'static str;
}
