//! How payloads are read and written: the same wrappers do both.
//!
//! In a handler `Json(order): Json<Order>` reads a payload; in a send `Json(&order)` writes one.
//! A payload that borrows (`&str`, `&[u8]`, `Json<OrderRef<'_>>`) is read without a copy.

#[cfg(feature = "avro")]
mod avro;
mod bytes;
mod codecs;
mod json;
#[cfg(feature = "json-schema")]
mod json_schema;
mod limits;
mod lookup;
mod misfit;
mod number;
mod parsed;
#[cfg(feature = "protobuf")]
mod protobuf;
mod redact;
#[cfg(feature = "schema-registry")]
pub mod registry;
#[cfg(any(
    feature = "avro",
    feature = "json-schema",
    feature = "protobuf",
    feature = "schema-registry"
))]
mod schema;
mod source;
mod subject;
mod target;
mod text;
mod tombstone;
mod traits;
mod type_mapping;
mod typed;
mod validate;
mod wrap;

#[cfg(feature = "avro")]
pub use avro::{Avro, AvroRecord};
pub use bytes::BytesPart;
pub use codecs::Codecs;
#[cfg(feature = "json-schema")]
pub use json_schema::JsonRecord;
pub use limits::PayloadLimits;
pub use lookup::{Lookup, LookupError, LookupFuture};
pub use misfit::Misfit;
pub use number::NumberPart;
#[cfg(feature = "protobuf")]
pub use protobuf::ProtobufRecord;
#[cfg(feature = "schema-registry")]
pub use registry::{Registered, SchemaRegistry};
#[cfg(any(
    feature = "avro",
    feature = "json-schema",
    feature = "protobuf",
    feature = "schema-registry"
))]
pub use schema::{SchemaDefinition, SchemaError, SchemaKind};
pub use source::PayloadSource;
pub use subject::SubjectStrategy;
pub use target::{LatePayload, PayloadTarget, Written};
pub use text::TextPart;
pub use traits::{DecodeError, EncodeError, FromPayload, ToPayload};
pub use type_mapping::TypeMapping;
pub(crate) use type_mapping::check as check_mapping;
pub use typed::{TYPE_ID, Typed};
pub use validate::{Invalid, Validate, Validated, Violation, Violations};
#[cfg(feature = "json-schema")]
pub use wrap::JsonSchema;
#[cfg(feature = "protobuf")]
pub use wrap::Protobuf;
pub use wrap::{Bytes, Json, Number, Parsed, Text, Tombstone};
