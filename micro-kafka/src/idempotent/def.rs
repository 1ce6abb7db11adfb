//! What `#[idempotent]` declares.

use crate::error::ListenerError;
use crate::listener::Delivery;

/// `#[idempotent(…)]` of a listener, before placeholders and settings.
#[derive(Debug, Clone, Copy)]
pub struct IdempotentDef {
    /// Where the key of a record comes from.
    pub key: KeyDef,
    /// The name of the store, with placeholders; the application's memory by default.
    pub store: Option<&'static str>,
    /// How long a key is remembered, with placeholders; [`DEFAULT_WINDOW`](super::DEFAULT_WINDOW)
    /// by default.
    pub window: Option<&'static str>,
}

/// Where the key of a record comes from.
#[derive(Debug, Clone, Copy)]
pub enum KeyDef {
    /// A header, which every record has to have.
    Header(&'static str),
    /// The record's key.
    RecordKey,
    /// Topic, partition and offset; of a retry topic's record, those where it was first.
    Offset,
    /// Code: `None` means that the record is handled without a look at the store.
    Computed(fn(&Delivery) -> Result<Option<String>, ListenerError>),
}
