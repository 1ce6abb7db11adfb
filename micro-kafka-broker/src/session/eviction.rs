//! Which session makes room for a new one.

use std::time::{Duration, Instant};

/// Time after which a session that is not used may be evicted by any other, and a younger one by
/// none of its own rank.
pub(super) const EVICTION: Duration = Duration::from_secs(120);

/// What eviction looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Whether a follower opened it, not a consumer.
    pub(super) follower: bool,
    /// How many partitions it has.
    pub(super) partitions: usize,
    /// When it was opened.
    pub(super) opened: Instant,
    /// When it was last used.
    pub(super) used: Instant,
}

impl Standing {
    /// A session that nobody has used for long is evicted first.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) > EVICTION
    }

    fn is_young(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.opened) <= EVICTION
    }

    /// Whether a new session may ask for this one's place at all: a follower for that of any
    /// consumer, and everybody for what is no longer young.
    fn is_open_to(&self, follower: bool, now: Instant) -> bool {
        !self.is_young(now) || follower && !self.follower
    }

    fn value(&self) -> (bool, usize) {
        (self.follower, self.partitions)
    }
}

/// The session that a new one with such a standing evicts, if any: the longest unused if it is
/// stale, otherwise the least valuable, if that is not worth more than the new one.
pub(super) fn victim(
    sessions: impl Iterator<Item = (i32, Standing)> + Clone,
    newcomer: Standing,
) -> Option<i32> {
    let now = newcomer.opened;
    let (oldest, standing) = sessions.clone().min_by_key(|(id, s)| (s.used, *id))?;
    if standing.is_stale(now) {
        return Some(oldest);
    }
    let open = sessions.filter(|(_, s)| s.is_open_to(newcomer.follower, now));
    let (least, standing) = open.min_by_key(|(id, s)| (s.value(), *id))?;
    // Among equals, Kafka compares ids, and a newcomer has none: 0, below all others.
    (standing.value() < newcomer.value()).then_some(least)
}
