//! What may happen to any listener.

use proptest::prelude::*;

use super::PARTITIONS;
use crate::client::Slot;

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Move {
    Produce(Slot, i64),
    /// Given back, or lost.
    Revoke(Slot, bool),
    Assign(Slot),
    /// The clock comes to the next thing that is due.
    Later,
    Turn(u8),
}

pub(super) fn slots() -> std::ops::Range<Slot> {
    0..PARTITIONS
}

pub(super) fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => (slots(), 1..12_i64).prop_map(|(slot, count)| Move::Produce(slot, count)),
        2 => (slots(), any::<bool>()).prop_map(|(slot, lost)| Move::Revoke(slot, lost)),
        2 => slots().prop_map(Move::Assign),
        4 => Just(Move::Later),
        6 => (1..6_u8).prop_map(Move::Turn),
    ]
}
