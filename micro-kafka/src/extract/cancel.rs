//! Hearing that the work is called off.

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::{CancelReason, CancelWatch, Delivery};

/// Tells a handler that its partition goes to another consumer, or that the listener stops, so
/// that it can leave off early; owned, and cheap to clone.
///
/// A handler that returns `Ok` within the drain time is still committed; one that returns `Err`
/// leaves its record to the next consumer of the partition.
#[derive(Debug, Clone)]
pub struct Cancel(CancelWatch);

impl Cancel {
    /// Whether the work is called off.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// Why it is called off, if it is.
    #[must_use]
    pub fn reason(&self) -> Option<CancelReason> {
        self.0.reason()
    }

    /// Waits until it is called off; for ever, if it never is.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn cancelled(&self) -> CancelReason {
        self.0.fired().await
    }
}

impl FromRecord<'_> for Cancel {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        Ok(Self(delivery.cancel()))
    }
}
