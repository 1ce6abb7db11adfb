//! The topics that were sent to, by name.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::SendError;
use crate::client::{LazyProducer, Refusal, Topic, Undelivered};

/// Handles by the names that callers use, that is, without namespace.
#[derive(Debug)]
pub(super) struct Topics {
    namespace: Arc<str>,
    handles: RwLock<HashMap<Box<str>, Arc<Topic>>>,
}

impl Topics {
    pub(super) fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.into(),
            handles: RwLock::default(),
        }
    }

    pub(super) fn namespace(&self) -> &Arc<str> {
        &self.namespace
    }

    /// The handle of that topic, made at its first use and kept.
    pub(super) fn get(&self, producer: &LazyProducer, name: &str) -> Result<Arc<Topic>, SendError> {
        if let Some(topic) = self.handles.read().get(name)
            && !topic.core().is_broken()
        {
            return Ok(Arc::clone(topic));
        }
        let full = format!("{}{name}", self.namespace);
        let topic = producer
            .get()
            .and_then(|producer| Topic::new(producer.core(), &full).map_err(Refusal::of))
            .map_err(|refusal| Undelivered {
                topic: full.into(),
                code: refusal.code,
                partition: -1,
                key_hash: None,
                maybe_stored: false,
                reason: None,
            })?;
        let mut handles = self.handles.write();
        if let Some(other) = handles.get(name)
            && !other.core().is_broken()
        {
            return Ok(Arc::clone(other));
        }
        let topic = Arc::new(topic);
        handles.insert(name.into(), Arc::clone(&topic));
        Ok(topic)
    }
}
