//! What is known of one partition's keys: no I/O, no clock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// The most keys that are forgotten together.
const AT_ONCE: usize = 64;

/// The keys of one partition: those that its topic holds, and what this process has added since.
#[derive(Debug)]
pub(super) struct Marks {
    capacity: usize,
    /// The assignment that it was read for; `None`: it has to be read (again).
    epoch: Option<u64>,
    /// From where the topic is read on.
    next: i64,
    keys: HashMap<Arc<str>, Mark>,
    /// Those that are done, about the oldest first, and when each is forgotten.
    done: VecDeque<(Duration, Arc<str>)>,
    claims: u64,
}

#[derive(Debug)]
enum Mark {
    /// Its channel closes when the claim ends, which wakes who waits.
    Claimed { claim: u64, end: watch::Sender<()> },
    Done {
        until: Duration,
        /// The record whose transaction writes it, as long as that may be aborted.
        staged_by: Option<i64>,
    },
    /// Its tombstone is on its way: a new mark has to come after it.
    Forgetting(watch::Sender<()>),
}

/// What becomes of a claim.
#[derive(Debug)]
pub(super) enum Answer {
    /// The number of the claim.
    Fresh(u64),
    Seen,
    /// Somebody has it until the channel closes.
    Busy(watch::Receiver<()>),
}

/// A key of the topic, and until when it is remembered; `None` is a tombstone.
pub(super) type Restored = (Arc<str>, Option<Duration>);

impl Marks {
    pub(super) fn new(capacity: usize, from: i64) -> Self {
        Self {
            capacity: capacity.max(1),
            epoch: None,
            next: from,
            keys: HashMap::new(),
            done: VecDeque::new(),
            claims: 0,
        }
    }

    /// Whether it has what the topic held when that assignment began.
    pub(super) fn is_of(&self, epoch: u64) -> bool {
        self.epoch == Some(epoch)
    }

    /// Whether the same consumer has a newer assignment.
    pub(super) fn is_beyond(&self, epoch: u64) -> bool {
        self.epoch
            .is_some_and(|own| own >> 32 == epoch >> 32 && own > epoch)
    }

    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// How many keys are done.
    pub(super) fn len(&self) -> usize {
        self.done.len()
    }

    /// A write may have reached the topic or not: it has to be read again.
    pub(super) fn doubt(&mut self) {
        self.epoch = None;
    }

    /// Takes what the topic held up to `next`: it has the last word about all but what is at work.
    /// What transactions have staged is void, unless they were committed: then it was read.
    pub(super) fn restore(
        &mut self,
        epoch: u64,
        next: i64,
        restored: impl IntoIterator<Item = Restored>,
    ) {
        self.keys.retain(|_, mark| {
            let staged_by = match mark {
                Mark::Done { staged_by, .. } => *staged_by,
                _ => None,
            };
            staged_by.is_none()
        });
        for (key, until) in restored {
            match until {
                Some(until) => self.put(key, until, None),
                None => {
                    if matches!(self.keys.get(&key), Some(Mark::Done { .. })) {
                        self.keys.remove(&key);
                    }
                }
            }
            // What does not fit is left in the topic.
            while self.done.len() > self.capacity {
                self.pop();
            }
        }
        self.epoch = Some(epoch);
        self.next = next;
    }

    /// Claims a key for the record of that offset.
    pub(super) fn claim(&mut self, key: &Arc<str>, now: Duration, offset: i64) -> Answer {
        match self.keys.get(key) {
            Some(Mark::Claimed { end, .. } | Mark::Forgetting(end)) => {
                return Answer::Busy(end.subscribe());
            }
            // What the record itself has staged was dropped if it comes again.
            Some(Mark::Done { until, staged_by }) if *until > now && *staged_by != Some(offset) => {
                return Answer::Seen;
            }
            Some(Mark::Done { .. }) | None => {}
        }
        self.claims += 1;
        let claim = self.claims;
        let end = watch::Sender::new(());
        self.keys
            .insert(Arc::clone(key), Mark::Claimed { claim, end });
        Answer::Fresh(claim)
    }

    /// The claim's handler has succeeded, and the mark is written or staged.
    pub(super) fn done(
        &mut self,
        key: &Arc<str>,
        claim: u64,
        until: Duration,
        staged_by: Option<i64>,
    ) {
        if self.has(key, claim) {
            self.put(Arc::clone(key), until, staged_by);
        }
    }

    /// The claim is given back.
    pub(super) fn release(&mut self, key: &Arc<str>, claim: u64) {
        if self.has(key, claim) {
            self.keys.remove(key);
        }
    }

    /// Some keys whose time is over, or that are too many: nobody claims them before
    /// [`forgotten`](Self::forgotten).
    pub(super) fn forget(&mut self, now: Duration) -> Vec<Arc<str>> {
        let mut keys = Vec::new();
        while keys.len() < AT_ONCE
            && let Some((until, _)) = self.done.front()
            && (*until <= now || self.done.len() > self.capacity)
        {
            if let Some(key) = self.pop() {
                let end = watch::Sender::new(());
                self.keys.insert(Arc::clone(&key), Mark::Forgetting(end));
                keys.push(key);
            }
        }
        keys
    }

    /// Their tombstones are written.
    pub(super) fn forgotten(&mut self, keys: &[Arc<str>]) {
        for key in keys {
            if matches!(self.keys.get(key), Some(Mark::Forgetting(_))) {
                self.keys.remove(key);
            }
        }
    }

    fn has(&self, key: &Arc<str>, wanted: u64) -> bool {
        matches!(self.keys.get(key), Some(Mark::Claimed { claim, .. }) if *claim == wanted)
    }

    fn put(&mut self, key: Arc<str>, until: Duration, staged_by: Option<i64>) {
        self.done.push_back((until, Arc::clone(&key)));
        self.keys.insert(key, Mark::Done { until, staged_by });
    }

    /// Takes the oldest out; the key, unless it was done again since or is not done any more.
    fn pop(&mut self) -> Option<Arc<str>> {
        let (until, key) = self.done.pop_front()?;
        let is_it = |mark: &Mark| matches!(mark, Mark::Done { until: own, .. } if *own == until);
        if !self.keys.get(&key).is_some_and(is_it) {
            return None;
        }
        self.keys.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests;
