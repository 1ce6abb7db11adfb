//! Bytes that are not of a format or its schema.

use std::fmt;

/// What is wrong with a payload of a binary format or a schema; nothing of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub(super) format: &'static str,
    /// Where, with a blank before it; empty if that is unknown.
    pub(super) place: String,
    pub(super) reason: String,
}

impl Misfit {
    /// The format, as in `Avro`.
    #[must_use]
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// What is wrong.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            format,
            place,
            reason,
        } = self;
        write!(f, "no {format} of that type{place}: {reason}")
    }
}

impl std::error::Error for Misfit {}
