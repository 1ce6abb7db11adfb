//! Where a dead letter goes.

use std::fmt;
use std::sync::Arc;

use crate::error::ListenerError;
use crate::listener::Delivery;

/// Where a dead letter goes: what Spring's destination resolver returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The topic as the broker knows it, namespace included.
    pub topic: String,
    /// The partition.
    pub partition: ToPartition,
}

/// The partition of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ToPartition {
    /// That of the record's own number; by key, where the topic has no such partition.
    #[default]
    Same,
    /// Where the partitioner puts the key.
    ByKey,
    /// This one; by key, where the topic has no such partition.
    Number(i32),
}

impl Destination {
    /// That topic, on the partition of the record's own number.
    #[must_use]
    pub fn topic(name: impl Into<String>) -> Self {
        Self {
            topic: name.into(),
            partition: ToPartition::Same,
        }
    }

    /// On another partition.
    #[must_use]
    pub fn partition(self, partition: ToPartition) -> Self {
        Self { partition, ..self }
    }
}

/// Chooses by record and error; `None` gives the record up.
#[derive(Clone)]
pub(super) struct Router(Arc<Choose>);

type Choose = dyn Fn(&Delivery, &ListenerError) -> Option<Destination> + Send + Sync;

impl Router {
    pub(super) fn new(
        choose: impl Fn(&Delivery, &ListenerError) -> Option<Destination> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(choose))
    }

    pub(super) fn choose(&self, delivery: &Delivery, error: &ListenerError) -> Option<Destination> {
        (self.0)(delivery, error)
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Router")
    }
}
