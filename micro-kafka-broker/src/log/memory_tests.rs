//! What a log in memory takes, counted by the allocator.

use allocation_counter::measure;

use super::*;
use crate::batch::{BatchBuilder, Rules, validate};

const RULES: Rules = Rules {
    max_batch_bytes: usize::MAX,
    keys_needed: false,
    timestamps: None,
};

/// Appends batches of one record as they come from requests, until there are so many bytes; a
/// reader at the end reads each of them.
fn filled(size: usize, bytes: usize) -> Log {
    let mut log = Log::new(LogLayout::default());
    let batch = BatchBuilder::new().value(&"x".repeat(size)).build();
    while log.size() < bytes {
        let request = Bytes::copy_from_slice(&batch);
        let batches = validate(&request, &RULES, 0).unwrap();
        let place = Placement {
            base_offset: log.end_offset(),
            leader_epoch: 0,
            stamp: None,
            now: 0,
        };
        log.append(&batches, place).unwrap();
        let limit = ReadLimit {
            up_to: i64::MAX,
            max_bytes: 1 << 20,
            at_least_one: true,
        };
        log.read(place.base_offset, limit).unwrap();
    }
    log
}

#[test]
fn a_stored_byte_takes_at_most_a_tenth_more() {
    for bytes in [128 << 10, 300 << 10, 1 << 20, 20 << 20] {
        for size in [1, 100, 1000, 10_000, 100_000, 300_000, 1_000_000] {
            let mut log = None;
            let taken = measure(|| log = Some(filled(size, bytes))).bytes_current;
            let stored = log.unwrap().size();
            let taken = usize::try_from(taken).unwrap();
            assert!(taken >= stored, "{size}: {taken} for {stored}");
            assert!(taken * 10 <= stored * 11, "{size}: {taken} for {stored}");
        }
    }
}
