//! What went through a partition.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts records and bytes of a partition; whoever counts waits for nobody.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    messages_in: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    appends: AtomicU64,
    reads: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TrafficCount {
    /// Records appended.
    pub(crate) messages_in: u64,
    /// Bytes of their batches.
    pub(crate) bytes_in: u64,
    /// Bytes of the batches read.
    pub(crate) bytes_out: u64,
    /// Appends asked for, whether they succeeded or not.
    pub(crate) appends: u64,
    /// Reads.
    pub(crate) reads: u64,
}

impl Traffic {
    /// Somebody wants to append.
    pub(crate) fn asked_to_append(&self) {
        self.appends.fetch_add(1, Ordering::Relaxed);
    }

    /// Records were appended.
    pub(crate) fn appended(&self, messages: u64, bytes: usize) {
        self.messages_in.fetch_add(messages, Ordering::Relaxed);
        self.bytes_in.fetch_add(wide(bytes), Ordering::Relaxed);
    }

    /// Somebody read so many bytes.
    pub(crate) fn read(&self, bytes: usize) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        // A consumer that waits at the end reads nothing most of the time.
        if bytes > 0 {
            self.bytes_out.fetch_add(wide(bytes), Ordering::Relaxed);
        }
    }

    /// Takes over the counts of a partition that goes.
    pub(crate) fn add(&self, other: TrafficCount) {
        self.messages_in
            .fetch_add(other.messages_in, Ordering::Relaxed);
        self.bytes_in.fetch_add(other.bytes_in, Ordering::Relaxed);
        self.bytes_out.fetch_add(other.bytes_out, Ordering::Relaxed);
        self.appends.fetch_add(other.appends, Ordering::Relaxed);
        self.reads.fetch_add(other.reads, Ordering::Relaxed);
    }

    /// The counts now.
    pub(crate) fn count(&self) -> TrafficCount {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TrafficCount {
            messages_in: read(&self.messages_in),
            bytes_in: read(&self.bytes_in),
            bytes_out: read(&self.bytes_out),
            appends: read(&self.appends),
            reads: read(&self.reads),
        }
    }
}

impl AddAssign for TrafficCount {
    fn add_assign(&mut self, other: Self) {
        self.messages_in += other.messages_in;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.appends += other.appends;
        self.reads += other.reads;
    }
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
