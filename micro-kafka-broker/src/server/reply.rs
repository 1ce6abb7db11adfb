//! What a connection does once a request is served.

use std::time::Duration;

use crate::wire::{ErrorTally, Frame};

/// What a connection does once a request is served.
#[derive(Debug)]
pub(super) struct Reply {
    /// The answer, if the client wants one.
    pub(super) frame: Option<Frame>,
    /// The error codes in it.
    pub(super) codes: ErrorTally,
    /// What follows.
    pub(super) then: Then,
}

/// What follows an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The next request.
    GoOn,
    /// Nothing is read for that long: the client was told to keep quiet (KIP-219).
    Mute(Duration),
    /// Only so many bytes of the answer are sent, and the connection is closed.
    Cut(usize),
    /// Nothing is sent, now or ever, until the client leaves.
    Silence,
}
