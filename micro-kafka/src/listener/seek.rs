//! Reading on from elsewhere.

use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::AssignedPartition;
use super::target::Target;

/// A new position as a function of a partition and its position now.
pub type SeekFunction = Arc<dyn Fn(&AssignedPartition, Option<i64>) -> Option<i64> + Send + Sync>;

/// Where to read on.
#[derive(Clone)]
#[non_exhaustive]
pub enum SeekTo {
    /// With the oldest record.
    Beginning,
    /// With the next record that is sent.
    End,
    /// With this offset.
    Offset(i64),
    /// So many records further; back, if negative.
    Relative(i64),
    /// So many records before the end.
    BeforeEnd(i64),
    /// With the first record of this time or later, in milliseconds since the Unix epoch; at the
    /// end, if there is none.
    Timestamp(i64),
    /// Where a function says; `None` leaves the partition where it is.
    By(SeekFunction),
}

impl fmt::Debug for SeekTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning => f.write_str("Beginning"),
            Self::End => f.write_str("End"),
            Self::Offset(offset) => write!(f, "Offset({offset})"),
            Self::Relative(records) => write!(f, "Relative({records})"),
            Self::BeforeEnd(records) => write!(f, "BeforeEnd({records})"),
            Self::Timestamp(millis) => write!(f, "Timestamp({millis})"),
            Self::By(_) => f.write_str("By(…)"),
        }
    }
}

/// A partition that reads on from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// Which one.
    pub partition: AssignedPartition,
    /// The offset of the next record.
    pub offset: i64,
}

/// Why nothing was sought.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SeekError {
    /// No consumer of the listener has such a partition now.
    #[error("listener `{listener}` has no partition of {target} now: wait for `assigned`")]
    NotAssigned {
        /// The listener's id.
        listener: String,
        /// What was asked for.
        target: Target,
    },
    /// The broker did not say where that is, or refused.
    #[error("listener `{listener}` cannot read on elsewhere: {reason}")]
    Refused {
        /// The listener's id.
        listener: String,
        /// What went wrong.
        reason: String,
    },
}

/// A seek on its way to a loop.
#[derive(Debug)]
pub(super) struct SeekRequest {
    pub(super) target: Target,
    pub(super) to: SeekTo,
    pub(super) answer: oneshot::Sender<Result<Vec<Sought>, String>>,
}
