//! Schemas of a registry, parsed once.

#[cfg(feature = "avro")]
use std::sync::OnceLock;

#[cfg(feature = "avro")]
use apache_avro::Schema;

/// What a registered schema was parsed to.
#[derive(Debug, Default)]
pub(in crate::codec) struct Parsed {
    #[cfg(feature = "avro")]
    avro: OnceLock<Result<ParsedAvro, String>>,
}

/// A schema, and those that it refers to.
#[cfg(feature = "avro")]
#[derive(Debug)]
pub(in crate::codec) struct ParsedAvro {
    pub(in crate::codec) schema: Schema,
    pub(in crate::codec) referenced: Vec<Schema>,
}

#[cfg(feature = "avro")]
impl Parsed {
    pub(in crate::codec) fn avro(
        &self,
        text: &str,
        referenced: &[String],
    ) -> Result<&ParsedAvro, &str> {
        let parsed = self.avro.get_or_init(|| {
            let parsed = match referenced {
                [] => Schema::parse_str(text).map(|schema| (schema, Vec::new())),
                others => Schema::parse_str_with_list(text, others),
            };
            match parsed {
                Ok((schema, referenced)) => Ok(ParsedAvro { schema, referenced }),
                Err(error) => Err(error.to_string()),
            }
        });
        parsed.as_ref().map_err(String::as_str)
    }
}
