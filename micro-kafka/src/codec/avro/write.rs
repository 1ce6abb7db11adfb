//! Values as Avro's bytes.

use apache_avro::Schema;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use serde::Serialize;

use crate::codec::EncodeError;

/// Appends a value as the schema wants it; fields that the schema does not have are left out.
pub(super) fn write_as<T: Serialize>(
    schema: &Schema,
    value: &T,
    buffer: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    write(schema, staged(value)?, buffer)
}

/// A value that is written once its schema is known.
pub(super) fn staged<T: Serialize>(value: &T) -> Result<Value, EncodeError> {
    apache_avro::to_value(value).map_err(|_| EncodeError::Shape("Avro"))
}

/// The errors of apache-avro quote values, so that only their kind is told.
pub(super) fn write(
    schema: &Schema,
    value: Value,
    buffer: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = buffer.len();
    let written = value.resolve(schema).and_then(|value| {
        GenericDatumWriter::builder(schema)
            .build()?
            .write_value(buffer, value)
    });
    written.map(drop).map_err(|_| {
        buffer.truncate(start);
        EncodeError::Shape("Avro")
    })
}
