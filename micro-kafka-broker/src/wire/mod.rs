//! Temporary: replaced by the codec.
mod uuid;
pub(crate) use uuid::Uuid;
