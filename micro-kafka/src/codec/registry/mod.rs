//! Schema registries: Confluent's wire format and REST API, as Confluent's own registry, Karapace,
//! Apicurio and Redpanda speak it.
//!
//! [`Registered<F>`] is a payload with the header of Confluent's serializers (a zero, the id of its
//! schema in four bytes, for Protobuf the place of the message) around a format `F`: `Avro<T>`,
//! `Protobuf<M>` or `JsonSchema<T>`. [`SchemaRegistry`] is the client, made by the application from
//! `[kafka.schema-registry]`.
//!
//! Schemas are looked up once and kept; a handler whose record has an unknown one waits for it, its
//! consumer polls on. A registry that is away is no fault of a record: it is tried again until the
//! registry is back. An id that the registry does not have is one, and the record is dead-lettered
//! with its own bytes.

mod api;
mod cache;
mod client;
mod config;
mod error;
mod registered;
mod wire;

pub use self::api::{RegisteredSchema, SchemaReference};
pub use self::client::SchemaRegistry;
pub use self::config::{Credentials, InvalidUrl, RegistryConfig};
pub use self::error::{Found, RegistryError};
#[cfg(any(feature = "json-schema", feature = "protobuf"))]
pub(super) use self::registered::staged_bytes;
pub use self::registered::{ReadRegistered, Registered, Staged, WriteRegistered};
#[cfg(feature = "protobuf")]
pub(super) use self::wire::{append_indexes, parse_indexes};
pub use crate::codec::SubjectStrategy;
