//! The Kafka wire format: frames, primitives and the declarative message macro.
//!
//! A message is written once, as fields with version ranges ([`api!`](message)); the macro
//! gives the struct, a bounded decoder and the encoder for every version. Nothing in this
//! room panics on any input, and no length is believed before the bytes are there.

#[macro_use]
pub(crate) mod message;
mod error;
mod header;
mod reader;
pub(crate) mod reflect;
#[macro_use]
mod record;
mod records;
mod tally;
mod uuid;
mod value;
mod writer;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use error::DecodeErrorKind;
pub(crate) use error::{DecodeError, EncodeError};
#[cfg(test)]
pub(crate) use header::RequestHeader;
pub(crate) use header::{HeaderStart, encode_response};
pub(crate) use message::{Message, Request};
pub(crate) use reader::Reader;
#[cfg(test)]
pub(crate) use record::comes_back;
pub(crate) use record::{NEVER_FLEXIBLE, decode_record, encode_record, record_version};
pub(crate) use records::Records;
pub(crate) use reflect::{List, Node, Reflect, Structure};
pub(crate) use tally::ErrorTally;
pub(crate) use uuid::Uuid;
pub(crate) use value::{OrNull, Shape, Wire};
pub(crate) use writer::{Frame, TaggedFields, Writer};

#[cfg(test)]
pub(crate) use sample::Sample;
