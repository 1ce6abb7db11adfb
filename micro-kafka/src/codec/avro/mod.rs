//! Avro by serde.

mod guard;
mod read;
#[cfg(feature = "schema-registry")]
mod registered;
mod write;

use apache_avro::Schema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::guard::Limits;
use super::schema::SchemaError;
use super::{DecodeError, EncodeError, FromPayload, PayloadSource, SchemaDefinition, ToPayload};
use crate::listener::BootCheck;

/// A payload in Avro's binary form, without a header: reader and writer have the same schema, that
/// of `T`. With a schema registry it is
/// [`Registered<Avro<T>>`](https://docs.rs/micro-kafka/latest/micro_kafka/codec/struct.Registered.html),
/// which reads what was written by other versions of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Avro<T>(pub T);

/// A type with an Avro schema: its fields are matched with the schema's by their serde names.
///
/// ```
/// use micro_kafka::codec::{AvroRecord, SchemaDefinition};
/// use micro_kafka::prelude::*;
///
/// #[derive(Serialize, Deserialize)]
/// struct Order {
///     id: i64,
///     customer: String,
/// }
///
/// impl AvroRecord for Order {
///     fn definition() -> &'static SchemaDefinition {
///         static ORDER: SchemaDefinition = SchemaDefinition::avro(
///             r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
///                 {"name": "id", "type": "long"},
///                 {"name": "customer", "type": "string"}]}"#,
///         );
///         &ORDER
///     }
/// }
/// # assert_eq!(Order::definition().check(), Ok(()));
/// # assert_eq!(Order::definition().record_name(), "shop.Order");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no Avro schema",
    label = "no `AvroRecord`",
    note = "implement `AvroRecord`: its `definition` is a `static` of `SchemaDefinition::avro(include_str!(\"….avsc\"))`"
)]
pub trait AvroRecord {
    /// Its schema.
    fn definition() -> &'static SchemaDefinition;
}

impl<T: AvroRecord + ?Sized> AvroRecord for &T {
    fn definition() -> &'static SchemaDefinition {
        T::definition()
    }
}

impl SchemaDefinition {
    pub(in crate::codec) fn avro_schema(&self) -> Result<&Schema, SchemaError> {
        let parsed = self
            .avro
            .get_or_init(|| Schema::parse_str(self.text).map_err(|error| error.to_string()));
        parsed.as_ref().map_err(|reason| self.unusable(reason))
    }

    pub(in crate::codec) fn avro_name(&self) -> Option<String> {
        if self.kind != super::SchemaKind::Avro {
            return None;
        }
        let name = self.avro_schema().ok()?.name()?;
        Some(name.fullname(None))
    }
}

impl<T: DeserializeOwned + AvroRecord> FromPayload<'_> for Avro<T> {
    fn from_payload(payload: Option<&[u8]>) -> Result<Self, DecodeError> {
        let bytes = payload.ok_or(DecodeError::Null)?;
        let schema = T::definition().avro_schema()?;
        read::read_as(schema.into(), schema, bytes, Limits::default()).map(Self)
    }

    fn from_source(source: &PayloadSource<'_>) -> Result<Self, DecodeError> {
        let bytes = source.payload().ok_or(DecodeError::Null)?;
        let schema = T::definition().avro_schema()?;
        let limits = Limits::of(source);
        read::read_as(schema.into(), schema, bytes, limits).map(Self)
    }

    fn check_payload(boot: &mut BootCheck<'_>) {
        boot.schema(T::definition());
    }
}

impl<T: Serialize + AvroRecord> ToPayload for Avro<T> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        let schema = T::definition().avro_schema()?;
        write::write_as(schema, &self.0, buffer)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
