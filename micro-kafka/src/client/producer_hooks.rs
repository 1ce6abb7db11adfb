//! What a producer calls of the program's own.

use std::fmt;
use std::sync::Arc;

use super::{DeliveryHook, FailureHook, Partitioner};
use crate::observe::DeliveryMeters;

/// Who is told of deliveries, and who chooses partitions.
#[derive(Clone)]
pub(crate) struct ProducerHooks {
    pub(crate) failures: FailureHook,
    pub(crate) deliveries: Option<DeliveryHook>,
    pub(crate) partitioner: Option<Arc<dyn Partitioner>>,
    pub(crate) meters: Option<Arc<DeliveryMeters>>,
}

impl From<FailureHook> for ProducerHooks {
    fn from(failures: FailureHook) -> Self {
        Self {
            failures,
            deliveries: None,
            partitioner: None,
            meters: None,
        }
    }
}

impl fmt::Debug for ProducerHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProducerHooks")
            .field("deliveries", &self.deliveries.is_some())
            .field("partitioner", &self.partitioner.is_some())
            .finish_non_exhaustive()
    }
}
