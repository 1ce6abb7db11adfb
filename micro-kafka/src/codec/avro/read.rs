//! Avro's bytes as values.

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::ResolvedSchema;
use serde::de::DeserializeOwned;

use super::guard::{Limits, check};
use crate::codec::redact::shape;
use crate::codec::{DecodeError, Misfit};

/// The schema by which bytes were written, and those that it refers to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'s> {
    pub(super) schema: &'s Schema,
    pub(super) referenced: &'s [Schema],
}

impl<'s> From<&'s Schema> for Writer<'s> {
    fn from(schema: &'s Schema) -> Self {
        Self {
            schema,
            referenced: &[],
        }
    }
}

/// Reads what was written by one schema as another one wants it, and that as a type.
///
/// The bytes are walked through first: apache-avro reads truncated texts as null, allocates as
/// much as a length claims and nests as deeply as the bytes do.
pub(super) fn read_as<T: DeserializeOwned>(
    writer: Writer<'_>,
    reader: &Schema,
    bytes: &[u8],
    limits: Limits,
) -> Result<T, DecodeError> {
    let misfit = |reason: &str| {
        DecodeError::Misfit(Misfit {
            format: "Avro",
            place: String::new(),
            reason: reason.to_owned(),
        })
    };
    let schemata = || writer.referenced.iter().chain([writer.schema]);
    let resolved = ResolvedSchema::new_with_schemata(schemata().collect())
        .map_err(|_| misfit("the schema refers to types that it does not have"))?;
    check(writer.schema, resolved.get_names(), bytes, limits).map_err(DecodeError::Misfit)?;
    let mut input = bytes;
    let value = GenericDatumReader::builder(writer.schema)
        .resolved_writer_schemata(resolved)
        .build()
        .and_then(|avro| avro.read_value(&mut input))
        .map_err(|_| misfit("the bytes are not of the writer's schema"))?;
    let value = match std::ptr::eq(writer.schema, reader) {
        true => value,
        false => value
            .resolve(reader)
            .map_err(|_| misfit("the writer's schema cannot be read by the reader's"))?,
    };
    apache_avro::from_value(&value).map_err(|error| misfit(&shape(&error.to_string())))
}
