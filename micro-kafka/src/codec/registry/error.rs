//! What can go wrong with a schema registry.

use std::sync::Arc;

/// A schema that a registry does not tell or take. It names id, subject and URL, and nothing of a
/// payload; credentials are in none of them.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The application has no registry.
    #[error(
        "no schema registry: set `url` in `[kafka.schema-registry]`, or give the builder a `schema_registry`"
    )]
    NoRegistry,
    /// The payload does not begin with the zero of the wire format.
    #[error(
        "the payload has no schema id: it begins with {found} and not with a zero and four bytes of id"
    )]
    NoHeader {
        /// What it begins with.
        found: Found,
    },
    /// The schema is of another language than the payload's type.
    #[error("the schema {id} is {found}, the payload's type wants {wanted}")]
    OtherKind {
        /// The schema's id.
        id: i32,
        /// Its language.
        found: &'static str,
        /// The one that is wanted.
        wanted: &'static str,
    },
    /// The schema cannot be used.
    #[error("the schema {id} of the registry cannot be used: {reason}")]
    Unusable {
        /// The schema's id.
        id: i32,
        /// Why.
        reason: String,
    },
    /// The registry does not have it.
    #[error("the schema registry at {url} has no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
        /// The registry, without credentials.
        url: String,
    },
    /// The registry refuses a schema.
    #[error("the schema registry at {url} refuses {what} ({status}): {message:?}")]
    Refused {
        /// What was asked for.
        what: String,
        /// The registry, without credentials.
        url: String,
        /// Its status code, 409 where the schema is not compatible with the earlier ones.
        status: u16,
        /// Its words about the schema.
        message: String,
    },
    /// The registry does not know the credentials, or they do not suffice.
    #[error("the schema registry at {url} refuses the credentials for {what} ({status})")]
    Unauthorized {
        /// What was asked for.
        what: String,
        /// The registry, without credentials.
        url: String,
        /// Its status code.
        status: u16,
    },
    /// No answer, or none that makes sense.
    #[error("the schema registry at {url} does not answer for {what}: {reason}")]
    Unavailable {
        /// What was asked for.
        what: String,
        /// The registry, without credentials.
        url: String,
        /// Why.
        reason: Arc<str>,
    },
}

/// The beginning of a payload without the header of the wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Fewer than five bytes.
    Short(usize),
    /// Another byte than zero.
    Byte(u8),
    /// A place of a message that is none.
    Indexes,
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short(length) => write!(f, "{length} bytes in all"),
            Self::Byte(byte) => write!(f, "0x{byte:02x}"),
            Self::Indexes => f.write_str("a header whose message indexes are none"),
        }
    }
}

impl RegistryError {
    /// Whether a later attempt may succeed, with the registry or its settings mended.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unauthorized { .. })
    }
}
