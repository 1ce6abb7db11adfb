//! How payloads are read and written: the same wrappers do both.

mod traits;
mod wrap;

pub use traits::{DecodeError, EncodeError, FromPayload, ToPayload};
pub use wrap::{Bytes, Json, Text};
