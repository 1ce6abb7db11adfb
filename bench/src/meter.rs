//! Wall time, CPU time and memory of this process.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use std::{fs, io};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What one run of one side cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Nanoseconds that passed.
    pub(crate) wall: u64,
    /// Nanoseconds of CPU time of the whole process.
    pub(crate) cpu: u64,
    /// Resident memory in KiB.
    pub(crate) memory: u64,
    /// Another time in nanoseconds, for work that has one: what 99 of 100 round trips take at most,
    /// or how long half of many connections take.
    #[serde(default)]
    pub(crate) other: u64,
    /// How many threads handled a fair part of the records; 0 where nobody counted.
    #[serde(default)]
    pub(crate) sharers: u32,
}

impl Sample {
    /// Takes CPU time since the start of the process, and memory, of now.
    pub(crate) fn now(wall: Duration) -> Self {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = u64::try_from(cpu.tv_sec).unwrap_or_default();
        let cpu = seconds * 1_000_000_000 + u64::try_from(cpu.tv_nsec).unwrap_or_default();
        Self {
            wall: 0,
            cpu,
            memory: resident_kib().unwrap_or_default(),
            other: 0,
            sharers: 0,
        }
        .lasting(wall)
    }

    /// The same with another time beside.
    pub(crate) fn beside(self, other: Duration) -> Self {
        Self {
            other: u64::try_from(other.as_nanos()).unwrap_or(u64::MAX),
            ..self
        }
    }

    /// The same with a number of threads that shared the work.
    fn shared_by(self, sharers: u32) -> Self {
        Self { sharers, ..self }
    }

    /// The same with another wall time.
    pub(crate) fn lasting(self, wall: Duration) -> Self {
        Self {
            wall: u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX),
            ..self
        }
    }
}

fn resident_kib() -> io::Result<u64> {
    resident_kib_of("self")
}

/// Resident memory of a process, in KiB.
pub(crate) fn resident_kib_of(process: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    kib.ok_or_else(|| io::Error::other("no VmRSS in /proc/self/status"))
}

/// How many threads may count.
const THREADS: usize = 8;
/// Records between two looks of a thread at what the others have counted.
const LOOK: u64 = 64;
/// Of two threads that share records, each handles more than one in so many.
const FAIR_PART: u64 = 8;

/// Counts handled records and takes the sample at the last one, on the thread that handled it.
///
/// Every thread counts for itself, so that what is measured is not two threads that write to one
/// cache line.
#[derive(Debug)]
pub(crate) struct Meter {
    records: u64,
    counts: [Count; THREADS],
    first: OnceLock<Instant>,
    /// Whether so few are missing that every thread looks at every record.
    closing: AtomicBool,
    finished: AtomicBool,
    done: Sender<Sample>,
    stopped: AtomicBool,
}

/// One thread's count, in a cache line of its own (two of them, as processors fetch pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
struct Count(AtomicU64);

thread_local! {
    static OWN: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % THREADS
    };
}

impl Meter {
    /// A meter for `records` records, and where its sample arrives.
    pub(crate) fn new(records: u64) -> (Self, Receiver<Sample>) {
        let (done, sample) = channel();
        (
            Self {
                records,
                counts: std::array::from_fn(|_| Count::default()),
                first: OnceLock::new(),
                closing: AtomicBool::new(false),
                finished: AtomicBool::new(false),
                done,
                stopped: AtomicBool::new(false),
            },
            sample,
        )
    }

    /// Counts one record; wall time runs from the first to the last.
    pub(crate) fn handled(&self) {
        let own = &self.counts[OWN.with(|own| *own)].0;
        let before = own.fetch_add(1, Ordering::Relaxed);
        if before == 0 {
            self.first.get_or_init(Instant::now);
        }
        if before.is_multiple_of(LOOK) || self.closing.load(Ordering::Relaxed) {
            self.look();
        }
    }

    fn look(&self) {
        // Of two threads that count the last two records, one has to see both.
        fence(Ordering::SeqCst);
        let all = self.all();
        if all + LOOK * THREADS as u64 >= self.records {
            self.closing.store(true, Ordering::SeqCst);
        }
        if all >= self.records && !self.finished.swap(true, Ordering::Relaxed) {
            let wall = self.first.get().map_or(Duration::ZERO, Instant::elapsed);
            // Nobody waits any more only when the run was given up.
            let _ = self.done.send(Sample::now(wall).shared_by(self.sharers()));
        }
    }

    fn sharers(&self) -> u32 {
        let counts = self.counts.iter();
        let fair = counts.filter(|own| own.0.load(Ordering::Relaxed) * FAIR_PART > self.records);
        fair.map(|_| 1).sum()
    }

    fn all(&self) -> u64 {
        self.counts
            .iter()
            .map(|count| count.0.load(Ordering::Relaxed))
            .sum()
    }

    /// Tells the loops that they may end.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the loops may end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Whether all records were handled.
    pub(crate) fn is_done(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn the_sample_comes_with_the_last_record() {
        let (meter, sample) = Meter::new(2);
        meter.handled();
        assert!(sample.try_recv().is_err() && !meter.is_done());
        meter.handled();
        let sample = sample.try_recv().unwrap();
        assert!(meter.is_done() && sample.cpu > 0 && sample.memory > 0);
    }

    #[test]
    fn threads_that_handled_hardly_anything_do_not_count() {
        let (meter, sample) = Meter::new(100);
        let handle = |count| {
            thread::scope(|scope| {
                scope.spawn(|| (0..count).for_each(|_| meter.handled()));
            });
        };
        for count in [60, 30, 10] {
            handle(count);
        }
        assert_eq!(sample.recv().unwrap().sharers, 2);
    }
}
