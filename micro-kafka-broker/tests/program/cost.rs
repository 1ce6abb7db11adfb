//! What the program costs: the time until it answers, and its memory while nobody asks.

use std::time::{Duration, Instant};

use super::{Program, answers};

/// Measures so many starts, and asserts their median: on a machine that does nothing else.
const STARTS: &str = "MICRO_KAFKA_STARTS";
const PATIENCE: Duration = Duration::from_secs(10);
/// From the start of the process to the answer to a request.
const READY: Duration = match cfg!(debug_assertions) {
    true => Duration::from_millis(30),
    false => Duration::from_millis(5),
};
/// KiB at rest; the binary itself is larger without optimisation.
const RESIDENT: u64 = match cfg!(debug_assertions) {
    true => 32 * 1024,
    false => 12 * 1024,
};

/// Time until it answered, and its memory then.
fn measured() -> (Duration, u64) {
    let begun = Instant::now();
    let (program, address) = Program::start(&[]);
    answers(&address);
    (begun.elapsed(), program.resident())
}

#[test]
fn it_is_ready_in_milliseconds_and_rests_in_little_memory() {
    if let Some(starts) = std::env::var(STARTS).ok().and_then(|n| n.parse().ok()) {
        let (mut times, mut memory): (Vec<_>, Vec<_>) =
            (0..starts).map(|_: usize| measured()).unzip();
        times.sort_unstable();
        memory.sort_unstable();
        let (time, memory) = (times[starts / 2], memory[starts / 2]);
        eprintln!("medians: ready after {time:?}, {memory} KiB at rest");
        return assert!(time <= READY && memory <= RESIDENT);
    }
    // Others share the machine: one start that nobody disturbs shows it.
    let begun = Instant::now();
    let (mut time, mut memory) = measured();
    while (time > READY || memory > RESIDENT) && begun.elapsed() < PATIENCE {
        let again = measured();
        (time, memory) = (time.min(again.0), memory.min(again.1));
    }
    assert!(time <= READY, "ready after {time:?}");
    assert!(memory <= RESIDENT, "{memory} KiB at rest");
}
