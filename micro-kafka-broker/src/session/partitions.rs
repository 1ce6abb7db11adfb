//! One session: the partitions of a client in the order in which they are read.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::meta::TopicId;

/// A topic as requests of a session name it: by id from version 13 of Fetch on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum SessionTopic {
    /// By name.
    Name(Arc<str>),
    /// By id.
    Id(TopicId),
}

/// A partition of a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey {
    /// Its topic.
    pub(crate) topic: SessionTopic,
    /// Its number.
    pub(crate) index: i32,
}

/// What a client wants of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interest {
    /// The first offset.
    pub(crate) offset: i64,
    /// Most bytes.
    pub(crate) max_bytes: i32,
    /// The leader epoch that the client knows; negative for none.
    pub(crate) leader_epoch: i32,
    /// The epoch of the last record that it has; negative for none.
    pub(crate) last_fetched_epoch: i32,
}

/// A partition to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Which.
    pub(crate) key: SessionKey,
    /// The name that a topic named by id was once seen to have.
    pub(crate) name: Option<Arc<str>>,
    /// What of it.
    pub(crate) interest: Interest,
}

/// What is about to be answered of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    /// Its high watermark.
    pub(crate) high_watermark: i64,
    /// Its first offset.
    pub(crate) log_start_offset: i64,
    /// Whether records are among it.
    pub(crate) records: bool,
    /// Whether it is an error.
    pub(crate) error: bool,
    /// Whether the client's log and the broker's part.
    pub(crate) diverges: bool,
}

/// No high watermark: whatever comes next differs from it and is told.
const NOT_TOLD: i64 = -1;

#[derive(Debug)]
struct Cached {
    wanted: Wanted,
    high_watermark: i64,
    log_start_offset: i64,
}

impl Cached {
    /// Notes what is told and says whether it is new.
    fn note(&mut self, told: Told) -> bool {
        let new = self.high_watermark != told.high_watermark
            || self.log_start_offset != told.log_start_offset;
        self.log_start_offset = told.log_start_offset;
        self.high_watermark = match told.error {
            true => NOT_TOLD,
            false => told.high_watermark,
        };
        new
    }
}

/// The partitions of one client.
#[derive(Debug)]
pub(crate) struct Session {
    topic_ids: bool,
    epoch: i32,
    places: HashMap<SessionKey, u64>,
    in_order: BTreeMap<u64, Cached>,
    next_place: u64,
}

impl Session {
    /// An empty session whose next request has epoch 1.
    pub(super) fn new(topic_ids: bool) -> Self {
        Self {
            topic_ids,
            epoch: 1,
            places: HashMap::new(),
            in_order: BTreeMap::new(),
            next_place: 0,
        }
    }

    /// The epoch of the next request.
    pub(super) fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Whether topics are named by id.
    pub(super) fn topic_ids(&self) -> bool {
        self.topic_ids
    }

    /// How many partitions it has.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Goes on to the next epoch; 0 stands for a session's begin and never comes again.
    pub(super) fn advance(&mut self) {
        self.epoch = self.epoch.checked_add(1).unwrap_or(1);
    }

    /// Adds a partition, or changes what is wanted of it.
    pub(super) fn want(&mut self, wanted: Wanted) {
        let known = self.places.get(&wanted.key);
        match known.and_then(|place| self.in_order.get_mut(place)) {
            Some(cached) => cached.wanted.interest = wanted.interest,
            None => self.append(Cached {
                wanted,
                high_watermark: NOT_TOLD,
                log_start_offset: NOT_TOLD,
            }),
        }
    }

    /// Takes a partition out.
    pub(super) fn forget(&mut self, key: &SessionKey) {
        if let Some(place) = self.places.remove(key) {
            self.in_order.remove(&place);
        }
    }

    /// All partitions in their order; `name_of` is asked for the names not known yet.
    pub(super) fn wanted(
        &mut self,
        name_of: impl Fn(&SessionTopic) -> Option<Arc<str>>,
    ) -> Vec<Wanted> {
        let resolve = |cached: &mut Cached| {
            let wanted = &mut cached.wanted;
            if wanted.name.is_none() {
                wanted.name = name_of(&wanted.key.topic);
            }
            wanted.clone()
        };
        self.in_order.values_mut().map(resolve).collect()
    }

    /// All partitions in their order.
    pub(super) fn keys(&self) -> Vec<SessionKey> {
        let cached = self.in_order.values();
        cached.map(|cached| cached.wanted.key.clone()).collect()
    }

    /// Notes what the first answer tells of the partitions; their order stays.
    pub(super) fn begin<'a>(&mut self, found: impl Iterator<Item = (&'a SessionKey, Told)>) {
        for (key, told) in found {
            let place = self.places.get(key);
            if let Some(cached) = place.and_then(|place| self.in_order.get_mut(place)) {
                cached.note(told);
            }
        }
    }

    /// Notes what would be told of a partition and says whether it must be told. A partition that
    /// brings records goes to the end, so that those it left no room for come first next time.
    pub(super) fn tell(&mut self, key: &SessionKey, told: Told) -> bool {
        let Some(&place) = self.places.get(key) else {
            // A request that came meanwhile has forgotten it.
            return true;
        };
        let Some(cached) = self.in_order.get_mut(&place) else {
            return true;
        };
        let new = cached.note(told);
        if told.records
            && let Some(cached) = self.in_order.remove(&place)
        {
            self.append(cached);
        }
        new || told.records || told.error || told.diverges
    }

    #[cfg(test)]
    pub(super) fn set_epoch(&mut self, epoch: i32) {
        self.epoch = epoch;
    }

    fn append(&mut self, cached: Cached) {
        self.places
            .insert(cached.wanted.key.clone(), self.next_place);
        self.in_order.insert(self.next_place, cached);
        self.next_place += 1;
    }
}
