use std::time::Duration;

use super::evidence::Run;
use crate::moment::Moment;

/// How long what was handled may be uncommitted, and how long a process may not know that its
/// partitions are gone: the session's six seconds, the commit interval, and some for a busy machine.
pub const LATE: Duration = Duration::from_secs(12);

/// What was done to a process, so that its last commits may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// By `kill -9`.
    Killed(Moment),
    /// By SIGSTOP, for so long that its session may end.
    Stopped {
        /// When it stopped.
        from: Moment,
        /// When it went on.
        until: Moment,
    },
}

impl Harm {
    /// Whether a record that this process handled may be handled again from `again` on.
    pub(super) fn uncommits(self, handled: &Run, again: Moment) -> bool {
        let until = handled.end.unwrap_or(handled.begin);
        match self {
            Self::Killed(at) => at <= again && at <= until + LATE,
            Self::Stopped { from, until: to } => {
                from <= again && from <= until + LATE && handled.begin <= to + LATE
            }
        }
    }

    /// Whether this process may handle a record that another one has begun or done at `before`: it
    /// does not know yet that its partitions are gone.
    pub(super) fn deludes(self, handler: &Run, before: Moment) -> bool {
        match self {
            Self::Killed(_) => false,
            Self::Stopped { from, until } => {
                from <= before.max(handler.begin) && handler.begin <= until + LATE
            }
        }
    }
}
