//! What the lanes cost by themselves: `cargo test --release -p micro-kafka --lib lanes_cost --
//! --nocapture` prints the time.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use allocation_counter::measure;

use crate::listener::lane::{Abort, Step};
use crate::listener::ledger::Ledger;
use crate::listener::order::Order;
use crate::listener::partition::{Limits, Partition, Start};
use crate::record::{OwnedRecord, Record};

const RECORDS: u32 = 100_000;
const ROUNDS: u32 = 100;
const KEYS: i64 = 1_000;
/// Handlers at work at once.
const AT_WORK: usize = 100;

const LIMITS: Limits = Limits {
    records: 100_000,
    bytes: 64 << 20,
};

fn record(offset: i64) -> Record {
    let mut record = OwnedRecord::new("orders", 0, offset);
    record.key = Some(format!("customer-{:04}", offset % KEYS).into());
    record.payload = Some(vec![0; 100]);
    record.into()
}

/// Runs all records through the lanes, each in a handler that waits, `AT_WORK` at once.
fn run(partition: &mut Partition, done: &mut Vec<Record>) {
    let (handle, _registration) = futures_util::future::AbortHandle::new_pair();
    let mut at_work = std::collections::VecDeque::with_capacity(AT_WORK);
    loop {
        while at_work.len() < AT_WORK {
            let (lane, record) = match partition.next_start(LIMITS) {
                Some(Start::Fresh(lane, record) | Start::Lane(lane, Step::Record(record))) => {
                    (lane, record)
                }
                Some(Start::Lane(_, Step::Next(_))) | None => break,
            };
            let abort = Abort::Inline(handle.clone());
            partition.lanes.set_busy(lane, record.offset(), true, abort);
            at_work.push_back((lane, record));
        }
        let Some((lane, record)) = at_work.pop_front() else {
            return;
        };
        assert!(partition.lanes.end_work(lane, record.offset()));
        partition.ledger.finish(record.offset());
        partition.lanes.release(lane);
        // Dropping it is not what is measured.
        done.push(black_box(record));
    }
}

#[test]
fn lanes_cost_no_allocation_per_record_once_they_are_warm() {
    for order in [Order::Partition, Order::Key, Order::None] {
        let mut partition = Partition::new(1, order, Ledger::new(Some(0)), Instant::now());
        let count = RECORDS / ROUNDS;
        let mut done = (0..i64::from(count)).map(record).collect::<Vec<_>>();
        let mut round = || {
            // In the order of their offsets, whichever way they came out.
            done.sort_unstable_by_key(Record::offset);
            partition.buffer.extend(done.drain(..));
            let began = Instant::now();
            run(&mut partition, &mut done);
            began.elapsed()
        };
        round();
        let mut spent = Duration::ZERO;
        let counted = measure(|| spent = (0..ROUNDS).map(|_| round()).sum());
        assert_eq!(done.len(), count as usize);
        let nanos = spent.as_nanos() / u128::from(RECORDS);
        let _ = writeln!(std::io::stderr(), "{order}: {nanos} ns a record");
        assert!(
            counted.count_total < u64::from(RECORDS / 100),
            "{order}: {} allocations for {RECORDS} records",
            counted.count_total
        );
    }
}
