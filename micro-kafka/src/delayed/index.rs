//! What waits, without its bytes: about 150 bytes a record.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use crate::client::Slot;

/// A record that waits, or is being forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) slot: Slot,
    /// The assignment of its partition that it was read in.
    pub(super) epoch: u64,
    pub(super) offset: i64,
    /// When it is due, in milliseconds since the Unix epoch.
    pub(super) due: i64,
    /// What it takes in memory.
    pub(super) bytes: u32,
    /// How often it was refused.
    pub(super) refused: u32,
    id: u128,
}

/// The place of a record among those that wait: the time at which it is tried, and its offset.
type Place = (i64, i64);

/// Everything that waits in the assigned partitions.
#[derive(Debug, Default)]
pub(super) struct Index {
    shards: BTreeMap<Slot, Shard>,
    /// Where each id is, by a hash that does not meet its like.
    ids: HashMap<u128, (Slot, i64)>,
    hashers: [RandomState; 2],
    epoch: u64,
}

/// What waits in one partition.
#[derive(Debug, Default)]
struct Shard {
    epoch: u64,
    waiting: BTreeMap<Place, Waiting>,
    /// By offset: the place of each record that waits.
    places: HashMap<i64, Place>,
    /// By offset: what is being forwarded.
    taken: HashMap<i64, Waiting>,
    /// The offset after the last record that was read.
    read: i64,
    /// The mark behind all that was there when the partition was assigned.
    mark: Option<i64>,
}

impl Shard {
    /// Whether all that was there at the assignment was read: before, what looks due may be over.
    fn is_restored(&self) -> bool {
        self.mark.is_some_and(|mark| self.read > mark)
    }

    fn remove(&mut self, offset: i64) {
        match self.places.remove(&offset) {
            Some(place) => drop(self.waiting.remove(&place)),
            None => drop(self.taken.remove(&offset)),
        }
    }

    fn put(&mut self, time: i64, waiting: Waiting) {
        let place = (time, waiting.offset);
        self.places.insert(waiting.offset, place);
        self.waiting.insert(place, waiting);
    }
}

impl Index {
    fn hash(&self, id: &str) -> u128 {
        let [high, low] = self.hashers.each_ref().map(|hasher| hasher.hash_one(id));
        (u128::from(high) << 64) | u128::from(low)
    }

    /// A partition was assigned, to be read from that offset; its epoch.
    pub(super) fn assign(&mut self, slot: Slot, from: i64) -> u64 {
        self.revoke(slot);
        self.epoch += 1;
        let shard = Shard {
            epoch: self.epoch,
            read: from,
            ..Shard::default()
        };
        self.shards.insert(slot, shard);
        self.epoch
    }

    /// A partition was given up.
    pub(super) fn revoke(&mut self, slot: Slot) {
        if self.shards.remove(&slot).is_some() {
            self.ids.retain(|_, (of, _)| *of != slot);
        }
    }

    /// The mark behind all that was there at the assignment.
    pub(super) fn set_mark(&mut self, slot: Slot, epoch: u64, mark: i64) {
        if let Some(shard) = self.current(slot, epoch) {
            shard.mark = Some(mark);
        }
    }

    fn current(&mut self, slot: Slot, epoch: u64) -> Option<&mut Shard> {
        let shard = self.shards.get_mut(&slot)?;
        (shard.epoch == epoch).then_some(shard)
    }

    /// Whether that assignment still holds.
    pub(super) fn is_current(&self, slot: Slot, epoch: u64) -> bool {
        let shard = self.shards.get(&slot);
        shard.is_some_and(|shard| shard.epoch == epoch)
    }

    /// A record was read, whatever it says.
    pub(super) fn pass(&mut self, slot: Slot, offset: i64) {
        if let Some(shard) = self.shards.get_mut(&slot) {
            shard.read = shard.read.max(offset + 1);
        }
    }

    /// A record was read that waits; its place, if the partition is assigned.
    pub(super) fn insert(
        &mut self,
        slot: Slot,
        offset: i64,
        id: &str,
        due: i64,
        bytes: u32,
    ) -> Option<Waiting> {
        let id = self.hash(id);
        if let Some((of, earlier)) = self.ids.get(&id).copied()
            && let Some(shard) = self.shards.get_mut(&of)
        {
            shard.remove(earlier);
        }
        let shard = self.shards.get_mut(&slot)?;
        let waiting = Waiting {
            slot,
            epoch: shard.epoch,
            offset,
            due,
            bytes,
            refused: 0,
            id,
        };
        shard.put(due, waiting);
        self.ids.insert(id, (slot, offset));
        Some(waiting)
    }

    /// What waited under that id is done or cancelled; it, if it was waiting still.
    pub(super) fn over(&mut self, id: &str) -> Option<Waiting> {
        let id = self.hash(id);
        let (slot, offset) = self.ids.remove(&id)?;
        let shard = self.shards.get_mut(&slot)?;
        let place = shard.places.remove(&offset);
        let waiting = place.and_then(|place| shard.waiting.remove(&place));
        shard.taken.remove(&offset);
        waiting
    }

    /// What comes next in each restored partition, in the order of their times.
    fn ahead(&self) -> impl Iterator<Item = (i64, Waiting)> {
        let shards = self.shards.values().filter(|shard| shard.is_restored());
        let mut heads: Vec<_> = shards
            .map(|shard| shard.waiting.iter().peekable())
            .collect();
        std::iter::from_fn(move || {
            let first = heads
                .iter_mut()
                .enumerate()
                .filter_map(|(index, head)| Some((*head.peek()?.0, index)))
                .min()?;
            let (place, waiting) = heads.get_mut(first.1)?.next()?;
            Some((place.0, *waiting))
        })
    }

    /// The next of all times, of what may be forwarded.
    pub(super) fn next_time(&self) -> Option<i64> {
        self.ahead().next().map(|(time, _)| time)
    }

    /// What is due at that time or before, in order; nothing is taken.
    pub(super) fn until(&self, time: i64) -> impl Iterator<Item = Waiting> {
        self.ahead()
            .take_while(move |(due, _)| *due <= time)
            .map(|(_, waiting)| waiting)
    }

    /// Takes a record that waits, to forward it.
    pub(super) fn take(&mut self, waiting: &Waiting) {
        if let Some(shard) = self.current(waiting.slot, waiting.epoch)
            && let Some(place) = shard.places.remove(&waiting.offset)
            && let Some(taken) = shard.waiting.remove(&place)
        {
            shard.taken.insert(taken.offset, taken);
        }
    }

    /// It was forwarded, and its tombstone written.
    pub(super) fn done(&mut self, waiting: &Waiting) {
        if let Some(shard) = self.current(waiting.slot, waiting.epoch)
            && shard.taken.remove(&waiting.offset).is_some()
        {
            self.ids.remove(&waiting.id);
        }
    }

    /// It could not be forwarded, and waits until that time; `refused` says that it was its own
    /// fault.
    pub(super) fn put_back(&mut self, waiting: &Waiting, until: i64, refused: bool) {
        if let Some(shard) = self.current(waiting.slot, waiting.epoch)
            && let Some(mut taken) = shard.taken.remove(&waiting.offset)
        {
            taken.refused += u32::from(refused);
            shard.put(until, taken);
        }
    }

    /// Nothing is there any more that could be forwarded.
    pub(super) fn forget(&mut self, waiting: &Waiting) {
        if let Some(shard) = self.current(waiting.slot, waiting.epoch) {
            shard.remove(waiting.offset);
            self.ids.remove(&waiting.id);
        }
    }

    /// The offset that a restart has to read from: the lowest that waits. `None` before the
    /// partition is restored.
    pub(super) fn lowest(&self, slot: Slot) -> Option<i64> {
        let shard = self.shards.get(&slot).filter(|shard| shard.is_restored())?;
        let all = shard.places.keys().chain(shard.taken.keys());
        Some(all.min().copied().unwrap_or(shard.read))
    }

    /// The assigned partitions, each with its epoch.
    pub(super) fn assigned(&self) -> impl Iterator<Item = (Slot, u64)> {
        self.shards.iter().map(|(slot, shard)| (*slot, shard.epoch))
    }

    /// Whether a partition was read beyond that offset.
    pub(super) fn has_read(&self, slot: Slot, offset: i64) -> bool {
        let shard = self.shards.get(&slot);
        shard.is_none_or(|shard| shard.read > offset)
    }

    pub(super) fn is_restored(&self) -> bool {
        self.shards.values().all(Shard::is_restored)
    }

    /// How many wait or are being forwarded.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// When the first of those that wait is, or was, due.
    pub(super) fn oldest(&self) -> Option<i64> {
        let taken = self.shards.values().flat_map(|shard| shard.taken.values());
        let taken = taken.map(|taken| taken.due);
        let first = |shard: &Shard| Some(shard.waiting.first_key_value()?.1.due);
        taken.chain(self.shards.values().filter_map(first)).min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert { slot: Slot, id: u8, due: i64 },
        Over { id: u8 },
        Fire { now: i64 },
        Refuse,
        Done,
        Reassign { slot: Slot },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..3_u32, any::<u8>(), 0..50_i64)
                .prop_map(|(slot, id, due)| Step::Insert { slot, id, due }),
            2 => any::<u8>().prop_map(|id| Step::Over { id }),
            2 => (0..60_i64).prop_map(|now| Step::Fire { now }),
            1 => Just(Step::Refuse),
            2 => Just(Step::Done),
            1 => (0..3_u32).prop_map(|slot| Step::Reassign { slot }),
        ]
    }

    /// Id, offset, due, the time of the next try, and whether it is taken.
    type Entry = (u8, i64, i64, i64, bool);

    /// What a log of plain lists would say.
    #[derive(Default)]
    struct Model {
        logs: HashMap<Slot, Vec<Entry>>,
        next: HashMap<Slot, i64>,
    }

    impl Model {
        fn all(&self) -> Vec<(i64, i64, Slot, u8, bool)> {
            let logs = self.logs.iter();
            let all = logs.flat_map(|(slot, log)| {
                log.iter()
                    .map(|(id, offset, _, time, taken)| (*time, *offset, *slot, *id, *taken))
            });
            all.collect()
        }
    }

    proptest! {
        #[test]
        fn it_says_what_plain_lists_say(steps in prop::collection::vec(step(), 0..120)) {
            let mut index = Index::default();
            let mut model = Model::default();
            let mut taken: Vec<Waiting> = Vec::new();
            for slot in 0..3 {
                let epoch = index.assign(slot, 0);
                index.set_mark(slot, epoch, -1);
            }
            for step in steps {
                match step {
                    Step::Insert { slot, id, due } => {
                        // An id is sent once: its partition is that of its hash.
                        let slot = if model.all().iter().any(|(.., of, _)| *of == id) { continue } else { slot };
                        let offset = model.next.entry(slot).or_default();
                        index.insert(slot, *offset, &id.to_string(), due, 1);
                        index.pass(slot, *offset);
                        model.logs.entry(slot).or_default().push((id, *offset, due, due, false));
                        *offset += 1;
                    }
                    Step::Over { id } => {
                        index.over(&id.to_string());
                        model.logs.values_mut().for_each(|log| log.retain(|(of, ..)| *of != id));
                        taken.retain(|one| index.shards[&one.slot].taken.contains_key(&one.offset));
                    }
                    Step::Fire { now } => {
                        let due: Vec<_> = index.until(now).collect();
                        let mut expected: Vec<_> = model.all();
                        expected.retain(|(time, .., taken)| !taken && *time <= now);
                        expected.sort();
                        let times: Vec<_> = expected.iter().map(|(time, ..)| *time).collect();
                        let seen: Vec<_> = index.ahead().take(times.len()).map(|(time, _)| time).collect();
                        prop_assert_eq!(&seen, &times, "in order of time");
                        let mut places: Vec<_> = due.iter().map(|one| (one.slot, one.offset)).collect();
                        let mut known: Vec<_> = expected.iter().map(|(_, offset, slot, ..)| (*slot, *offset)).collect();
                        places.sort_unstable();
                        known.sort_unstable();
                        prop_assert_eq!(places, known);
                        for one in due {
                            index.take(&one);
                            let log = model.logs.get_mut(&one.slot).unwrap();
                            log.iter_mut().filter(|(_, offset, ..)| *offset == one.offset).for_each(|entry| entry.4 = true);
                            taken.push(one);
                        }
                    }
                    Step::Refuse => if let Some(one) = taken.pop() {
                        index.put_back(&one, one.due + 7, true);
                        let log = model.logs.get_mut(&one.slot).unwrap();
                        log.iter_mut().filter(|(_, offset, ..)| *offset == one.offset).for_each(|entry| (entry.3, entry.4) = (one.due + 7, false));
                    },
                    Step::Done => if let Some(one) = taken.pop() {
                        index.done(&one);
                        let log = model.logs.get_mut(&one.slot).unwrap();
                        log.retain(|(_, offset, ..)| *offset != one.offset);
                    },
                    Step::Reassign { slot } => {
                        // What the partition holds is read again, and the time of each is its own.
                        let epoch = index.assign(slot, 0);
                        prop_assert_eq!(index.lowest(slot), None, "not restored yet");
                        taken.retain(|one| one.slot != slot);
                        for (id, offset, due, time, taken) in model.logs.entry(slot).or_default() {
                            (*time, *taken) = (*due, false);
                            index.insert(slot, *offset, &id.to_string(), *due, 1);
                        }
                        let end = model.next.get(&slot).copied().unwrap_or(0);
                        index.set_mark(slot, epoch, end);
                        let of_it = |one: &Waiting| one.slot == slot;
                        prop_assert!(!index.until(i64::MAX).any(|one| of_it(&one)), "nothing fires before");
                        index.pass(slot, end);
                        *model.next.entry(slot).or_default() = end + 1;
                    }
                }
                prop_assert_eq!(index.len(), model.all().len());
                for slot in 0..3 {
                    let log = model.logs.get(&slot);
                    let lowest = log.and_then(|log| log.iter().map(|(_, offset, ..)| *offset).min());
                    let end = model.next.get(&slot).copied().unwrap_or(0);
                    prop_assert_eq!(index.lowest(slot), Some(lowest.unwrap_or(end)));
                }
            }
        }
    }

    #[test]
    fn what_a_lost_assignment_forwarded_changes_nothing() {
        let mut index = Index::default();
        let epoch = index.assign(0, 0);
        index.set_mark(0, epoch, -1);
        let old = index.insert(0, 0, "a", 5, 1).unwrap();
        index.take(&old);
        index.assign(0, 0);
        index.insert(0, 0, "a", 5, 1);
        index.done(&old);
        index.put_back(&old, 9, true);
        assert_eq!(index.len(), 1);
        assert!(!index.is_current(0, epoch));
    }
}
