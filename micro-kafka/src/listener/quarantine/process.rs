//! How a process is told from others, and from its own successors.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// A process by a name that no other one has: its number, for people, and a random part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::listener) struct Process(String);

impl Process {
    /// This one.
    pub(in crate::listener) fn own() -> &'static Self {
        static OWN: OnceLock<Process> = OnceLock::new();
        OWN.get_or_init(|| {
            let random = RandomState::new().build_hasher().finish();
            Self(format!("{}-{random:016x}", std::process::id()))
        })
    }

    #[cfg(test)]
    pub(super) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

/// Milliseconds since 1970 by the machine's clock.
pub(in crate::listener) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    i64::try_from(millis).unwrap_or(i64::MAX)
}
