//! Schemas as a program declares them.

use std::fmt;

#[cfg(any(feature = "avro", feature = "json-schema"))]
use std::sync::OnceLock;

#[cfg(feature = "schema-registry")]
mod parsed;

#[cfg(feature = "schema-registry")]
pub(in crate::codec) use self::parsed::Parsed;
#[cfg(all(feature = "schema-registry", feature = "avro"))]
pub(in crate::codec) use self::parsed::ParsedAvro;

/// The language of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchemaKind {
    /// Avro, in its JSON form.
    Avro,
    /// JSON Schema.
    Json,
    /// Protobuf, as a `.proto` file.
    Protobuf,
}

impl SchemaKind {
    /// Its name in a registry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Json => "JSON",
            Self::Protobuf => "PROTOBUF",
        }
    }

    /// The kind of that name; a registry leaves out the name of Avro.
    #[must_use]
    pub fn of_name(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("AVRO") => Some(Self::Avro),
            Some("JSON") => Some(Self::Json),
            Some("PROTOBUF") => Some(Self::Protobuf),
            Some(_) => None,
        }
    }
}

impl fmt::Display for SchemaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The schema of a type, held in a `static` so that it is parsed once.
#[derive(Debug)]
pub struct SchemaDefinition {
    pub(super) kind: SchemaKind,
    pub(super) text: &'static str,
    /// The full name of the record or message; empty where the schema says it itself.
    pub(super) name: &'static str,
    #[cfg(feature = "protobuf")]
    pub(super) indexes: &'static [i32],
    #[cfg(feature = "avro")]
    pub(super) avro: OnceLock<Result<apache_avro::Schema, String>>,
    #[cfg(feature = "json-schema")]
    pub(super) json: OnceLock<Result<jsonschema::Validator, String>>,
}

/// A schema of the program that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {kind} schema cannot be used: {reason}")]
pub struct SchemaError {
    pub(super) kind: SchemaKind,
    pub(super) reason: String,
}

impl SchemaDefinition {
    const fn new(kind: SchemaKind, text: &'static str, name: &'static str) -> Self {
        Self {
            kind,
            text,
            name,
            #[cfg(feature = "protobuf")]
            indexes: &[0],
            #[cfg(feature = "avro")]
            avro: OnceLock::new(),
            #[cfg(feature = "json-schema")]
            json: OnceLock::new(),
        }
    }

    /// An Avro schema in its JSON form, usually by `include_str!("order.avsc")`.
    #[cfg(feature = "avro")]
    #[must_use]
    pub const fn avro(text: &'static str) -> Self {
        Self::new(SchemaKind::Avro, text, "")
    }

    /// A JSON Schema, and the name of what it describes for subjects by record name.
    #[cfg(feature = "json-schema")]
    #[must_use]
    pub const fn json(text: &'static str, name: &'static str) -> Self {
        Self::new(SchemaKind::Json, text, name)
    }

    /// A `.proto` file, and the full name of its first message, as in `shop.Order`.
    #[cfg(feature = "protobuf")]
    #[must_use]
    pub const fn protobuf(text: &'static str, name: &'static str) -> Self {
        Self::new(SchemaKind::Protobuf, text, name)
    }

    /// Another message of the file than the first: its place among the messages, and so on inwards
    /// where it is nested.
    #[cfg(feature = "protobuf")]
    #[must_use]
    pub const fn message(mut self, indexes: &'static [i32]) -> Self {
        self.indexes = indexes;
        self
    }

    /// The language.
    #[must_use]
    pub fn kind(&self) -> SchemaKind {
        self.kind
    }

    /// The schema's text.
    #[must_use]
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// The full name of the record or message, for subjects by record name.
    #[must_use]
    pub fn record_name(&self) -> String {
        #[cfg(feature = "avro")]
        if let Some(name) = self.avro_name() {
            return name;
        }
        self.name.to_owned()
    }

    /// Looks whether it can be used.
    ///
    /// # Errors
    /// If its text is no schema of its kind.
    pub fn check(&self) -> Result<(), SchemaError> {
        match self.kind {
            #[cfg(feature = "avro")]
            SchemaKind::Avro => self.avro_schema().map(drop),
            #[cfg(feature = "json-schema")]
            SchemaKind::Json => self.validator().map(drop),
            _ => Ok(()),
        }
    }

    #[cfg(any(feature = "avro", feature = "json-schema"))]
    pub(super) fn unusable(&self, reason: &str) -> SchemaError {
        SchemaError {
            kind: self.kind,
            reason: reason.to_owned(),
        }
    }
}
