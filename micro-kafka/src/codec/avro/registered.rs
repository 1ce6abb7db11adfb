//! Avro with the id of the writer's schema.

use apache_avro::types::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::read::{Writer, read_as};
use super::write::{staged, write};
use super::{Avro, AvroRecord, Limits};
use crate::codec::registry::{
    ReadRegistered, RegisteredSchema, RegistryError, Staged, WriteRegistered,
};
use crate::codec::schema::ParsedAvro;
use crate::codec::{DecodeError, EncodeError, PayloadSource, SchemaDefinition, SchemaKind};
use crate::listener::BootCheck;

fn parsed(schema: &RegisteredSchema) -> Result<&ParsedAvro, RegistryError> {
    let parsed = schema.parsed.avro(schema.text(), schema.referenced());
    parsed.map_err(|reason| RegistryError::Unusable {
        id: schema.id(),
        reason: reason.to_owned(),
    })
}

/// What was written by another version of the schema is read as the type's own schema wants it, by
/// Avro's rules of resolution.
impl<'r, T: DeserializeOwned + AvroRecord> ReadRegistered<'r> for Avro<T> {
    const KIND: SchemaKind = SchemaKind::Avro;

    fn read_registered(
        schema: &RegisteredSchema,
        bytes: &'r [u8],
        source: &PayloadSource<'r>,
    ) -> Result<Self, DecodeError> {
        let reader = T::definition().avro_schema()?;
        let written = parsed(schema)?;
        let writer = Writer {
            schema: &written.schema,
            referenced: &written.referenced,
        };
        read_as(writer, reader, bytes, Limits::of(source)).map(Self)
    }

    fn check_schema(boot: &mut BootCheck<'_>) {
        boot.schema(T::definition());
    }
}

impl<T: Serialize + AvroRecord> WriteRegistered for Avro<T> {
    fn definition(&self) -> &'static SchemaDefinition {
        T::definition()
    }

    fn write_registered(
        &self,
        schema: &RegisteredSchema,
        buffer: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        write_value(schema, staged(&self.0)?, buffer)
    }

    fn stage(&self) -> Result<Staged, EncodeError> {
        let value = staged(&self.0)?;
        Ok(Box::new(move |schema, buffer| {
            write_value(schema, value, buffer)
        }))
    }
}

fn write_value(
    schema: &RegisteredSchema,
    value: Value,
    buffer: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let parsed = parsed(schema)?;
    if !parsed.referenced.is_empty() {
        let reason = "it refers to other schemas, by which nothing is written yet".to_owned();
        let id = schema.id();
        return Err(RegistryError::Unusable { id, reason }.into());
    }
    write(&parsed.schema, value, buffer)
}
