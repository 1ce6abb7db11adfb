//! How payloads are read and written: the same wrappers do both.
//!
//! In a handler `Json(order): Json<Order>` reads a payload; in a send `Json(&order)` writes one.
//! A payload that borrows (`&str`, `&[u8]`, `Json<OrderRef<'_>>`) is read without a copy.

mod bytes;
mod codecs;
mod json;
mod lookup;
mod number;
mod parsed;
mod redact;
mod source;
mod target;
mod text;
mod tombstone;
mod traits;
mod validate;
mod wrap;

pub use bytes::BytesPart;
pub use codecs::Codecs;
pub use lookup::{Lookup, LookupError, LookupFuture};
pub use number::NumberPart;
pub use source::PayloadSource;
pub use target::{LatePayload, PayloadTarget, Written};
pub use text::TextPart;
pub use traits::{DecodeError, EncodeError, FromPayload, ToPayload};
pub use validate::{Invalid, Validate, Validated, Violation, Violations};
pub use wrap::{Bytes, Json, Number, Parsed, Text, Tombstone};
