//! The numbers of requests: 16 bytes, as Spring's.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of a request.
pub(super) type CorrelationId = [u8; 16];

/// Gives numbers that no other instance gives, and knows its own again.
#[derive(Debug)]
pub(super) struct Correlations {
    instance: [u8; 8],
    next: AtomicU64,
}

impl Correlations {
    pub(super) fn new() -> Self {
        Self {
            instance: RandomState::new().build_hasher().finish().to_be_bytes(),
            next: AtomicU64::new(0),
        }
    }

    pub(super) fn next(&self) -> CorrelationId {
        let mut id = [0; 16];
        let (instance, number) = id.split_at_mut(8);
        instance.copy_from_slice(&self.instance);
        number.copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        id
    }

    /// Whether this instance gave it.
    pub(super) fn is_own(&self, id: &[u8]) -> bool {
        id.len() == 16 && id.starts_with(&self.instance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_knows_its_own_numbers() {
        let (ours, theirs) = (Correlations::new(), Correlations::new());
        let (first, second) = (ours.next(), ours.next());
        assert_ne!(first, second);
        assert!(ours.is_own(&first) && ours.is_own(&second));
        assert!(!ours.is_own(&theirs.next()) && !ours.is_own(&first[..8]));
    }
}
