//! What goes on in a lane.

use std::time::Instant;

use futures_util::future::AbortHandle;

use super::Delivery;
use crate::error::{ListenerError, Way};

/// What a lane is doing.
#[derive(Debug)]
pub(super) enum State {
    /// In line: for this step, or for its next record.
    Ready(Option<Box<Next>>),
    /// Its step has just been taken out and begins now.
    Starting,
    /// A handler or the recoverer is at work on this offset.
    Busy {
        offset: i64,
        is_handler: bool,
        abort: Abort,
    },
    /// The record in front waits for a time.
    Waiting { due: Instant, next: Box<Next> },
    /// The record in front waits until somebody asks for it.
    Parked(Box<Next>),
    /// The record in front was lost and is being read again.
    Reading,
    /// The record in front is finished and waits for its commit to be answered.
    Committing,
}

/// How work is given up.
#[derive(Debug)]
pub(super) enum Abort {
    /// A future of the loop, which is dropped.
    Inline(AbortHandle),
    /// A task, which may go on for a while.
    Task(tokio::task::AbortHandle),
}

/// What is due after a wait.
#[derive(Debug)]
pub(super) enum Next {
    /// The handler again.
    Handle(Delivery),
    /// The handler, for the first time: the record was not due.
    Due(Delivery),
    /// The recoverer again.
    Recover {
        delivery: Delivery,
        error: ListenerError,
        this: Try,
    },
    /// The record was lost by its handler and has to be read again.
    Rewind(i64),
}

/// One try of the recoverer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try {
    /// Where the record is to go.
    pub(super) way: Way,
    /// Which try it is, from 1.
    pub(super) number: u32,
}

impl Try {
    pub(super) fn first(way: Way) -> Self {
        Self { way, number: 1 }
    }

    pub(super) fn next(self) -> Self {
        let number = self.number.saturating_add(1);
        Self { number, ..self }
    }
}

impl State {
    /// The offset of a record that is tried again, and when, if not at once.
    pub(super) fn attempt(&self) -> Option<(i64, Option<Instant>)> {
        let (next, due) = match self {
            Self::Ready(Some(next)) => (next, None),
            Self::Waiting { due, next } => (next, Some(*due)),
            _ => return None,
        };
        match &**next {
            Next::Handle(delivery) | Next::Recover { delivery, .. } => {
                Some((delivery.token.offset, due))
            }
            Next::Due(_) | Next::Rewind(_) => None,
        }
    }

    /// What is in line waits for a time instead.
    pub(super) fn wait_until(&mut self, due: Instant) {
        if let Self::Ready(next) = self
            && let Some(next) = next.take()
        {
            *self = Self::Waiting { due, next };
        }
    }

    /// Whether there is a record in front that was tried before.
    pub(super) fn has_record(&self) -> bool {
        match self {
            Self::Ready(Some(next)) | Self::Waiting { next, .. } => !matches!(**next, Next::Due(_)),
            Self::Parked(_) | Self::Reading => true,
            Self::Ready(None) | Self::Starting | Self::Busy { .. } | Self::Committing => false,
        }
    }
}
