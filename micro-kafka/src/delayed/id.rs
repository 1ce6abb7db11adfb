//! How a delayed send is named.

use std::fmt;

use crate::random_name::random_name;

/// The name of a delayed send: what cancels it, and what its record says in the header
/// [`mk-delayed-id`](super::DELAYED_ID) when it arrives.
///
/// It is the record's key in the topic of delayed sends, and never given twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DelayedId(Box<str>);

impl DelayedId {
    /// A new one.
    pub(crate) fn random() -> Self {
        Self(random_name().into())
    }

    /// The text, to be kept until it is needed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for DelayedId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for DelayedId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl AsRef<str> for DelayedId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DelayedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
