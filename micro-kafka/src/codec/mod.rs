//! How payloads are read and written: the same wrappers do both.
//!
//! In a handler `Json(order): Json<Order>` reads a payload; in a send `Json(&order)` writes one.
//! A payload that borrows (`&str`, `&[u8]`, `Json<OrderRef<'_>>`) is read without a copy.

mod bytes;
mod json;
mod redact;
mod text;
mod traits;
mod validate;
mod wrap;

pub use bytes::BytesPart;
pub use text::TextPart;
pub use traits::{DecodeError, EncodeError, FromPayload, ToPayload};
pub use validate::{Invalid, Validate, Validated, Violation, Violations};
pub use wrap::{Bytes, Json, Text};
