//! Whatever happens in whatever order: a loop on a small log, and moves drawn by chance.
//!
//! A [`World`] is the broker's side and writes down what the loop does that it may not; a
//! [`Driver`] makes moves and lets everything come to its end. Each property brings what its records
//! come to, and what it notes of them.

mod driver;
mod fates;
mod moves;
mod schedule;
mod source;
mod transacting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use self::driver::{Driver, in_virtual_time};
use self::moves::{Move, moves, slots};
use super::script::endpoint;
use super::seat::seat;
use crate::client::{Slot, SourceEvent};

const PARTITIONS: u32 = 2;
const PARTITION_COUNT: usize = PARTITIONS as usize;

/// What one property notes beside the log.
trait Notes: Default + Send + 'static {
    /// Whether offsets are committed by transactions only.
    const TRANSACTIONAL: bool = false;

    /// The key of the record there.
    fn key(offset: i64) -> Option<String>;

    /// The loop was given a partition, or reads it from elsewhere because the program asked for it.
    fn begins(&mut self, slot: Slot) {
        let _ = slot;
    }

    /// Partitions change hands, or will.
    fn changes_hands(&mut self) {}

    /// The loop takes the group's metadata, for the transaction that it hands over.
    fn group_is_told(&mut self) {}
}

/// The broker's and the test's side: what is there, and what became of it.
#[derive(Debug, Default)]
struct World<N> {
    /// How many records each partition has.
    ends: [i64; PARTITION_COUNT],
    /// Where the partitions that the loop has are read on.
    positions: BTreeMap<Slot, i64>,
    committed: [i64; PARTITION_COUNT],
    /// Records that have come to their end, so that they may be committed.
    ended: [BTreeSet<i64>; PARTITION_COUNT],
    /// Partitions that the program seeks.
    sought: BTreeSet<Slot>,
    events: Vec<SourceEvent>,
    filled: Vec<Slot>,
    closed: bool,
    /// What the loop did that it may not.
    broken: Vec<String>,
    notes: N,
}

type Shared<N> = Arc<Mutex<World<N>>>;

/// One of these, by the place of a record.
fn drawn<T: Copy>(fates: &[T], slot: Slot, offset: i64) -> T {
    let (count, slot) = (i64::try_from(fates.len()).unwrap(), i64::from(slot));
    // Neighbours differ, and so do the rows.
    let mixed = offset * 7 + slot * 3 + offset / (count + 1);
    fates[usize::try_from(mixed.rem_euclid(count)).unwrap()]
}
