//! How a delayed send is named.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// The name of a delayed send: what cancels it, and what its record says in the header
/// [`mk-delayed-id`](super::DELAYED_ID) when it arrives.
///
/// It is the record's key in the topic of delayed sends, and never given twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DelayedId(Box<str>);

impl DelayedId {
    /// A new one.
    pub(crate) fn random() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let half = || RandomState::new().hash_one(count);
        Self(format!("{:016x}{:016x}", half(), half()).into())
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_is_given_twice() {
        let ids: HashSet<_> = (0..10_000).map(|_| DelayedId::random()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.as_str().len() == 32));
    }
}
