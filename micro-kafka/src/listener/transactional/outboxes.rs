//! What the records in the handlers of one consumer have brought about so far.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::client::Slot;
use crate::template::{Outbox, Postage, SendBuilder, Staged, Transaction};

/// The outboxes of one consumer's records, made when they are first asked for.
#[derive(Debug)]
pub(crate) struct Outboxes {
    postage: Postage,
    open: Mutex<HashMap<(Slot, i64), Arc<Outbox>>>,
}

impl Outboxes {
    pub(crate) fn new(postage: Postage) -> Self {
        Self {
            postage,
            open: Mutex::default(),
        }
    }

    fn of(&self, slot: Slot, offset: i64) -> Arc<Outbox> {
        Arc::clone(self.open.lock().entry((slot, offset)).or_default())
    }

    /// What sends in the transaction of that record.
    pub(crate) fn transaction(&self, slot: Slot, offset: i64) -> Transaction {
        self.postage.transaction(self.of(slot, offset))
    }

    /// A copy of that record on its way to a topic, in its transaction; see [`Postage::copy`].
    pub(crate) fn copy(
        &self,
        slot: Slot,
        offset: i64,
        topic: &str,
        payload: Option<&[u8]>,
    ) -> SendBuilder {
        self.postage.copy(self.of(slot, offset), topic, payload)
    }

    /// What a record has brought about; it takes no more.
    pub(crate) fn take(&self, slot: Slot, offset: i64) -> Vec<Staged> {
        let outbox = self.open.lock().remove(&(slot, offset));
        outbox.map(|outbox| outbox.take()).unwrap_or_default()
    }

    /// Forgets what the records of a partition have brought about.
    pub(crate) fn forget(&self, slot: Slot) {
        self.open.lock().retain(|(of, _), outbox| {
            let kept = *of != slot;
            if !kept {
                outbox.take();
            }
            kept
        });
    }
}
