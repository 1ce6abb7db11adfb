//! A third member joins a group of two that has 60 partitions: for how long do the partitions stop
//! that nobody takes away?

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

use super::{GIVE_UP, Task, print_sample};
use crate::error::BenchError;
use crate::meter::Sample;

pub(crate) const PARTITIONS: i32 = 60;
const MEMBERS: usize = 3;
/// Each partition gets a record that often.
const PACE: Duration = Duration::from_millis(2);
/// How often it is looked at who has which partition.
const LOOK: Duration = Duration::from_millis(10);

/// What is known of a partition.
#[derive(Debug, Clone, Copy)]
struct Seen {
    member: usize,
    last: Instant,
    longest: Duration,
}

/// One side is one process: all its members write here.
static SEEN: OnceLock<Mutex<Vec<Option<Seen>>>> = OnceLock::new();

fn with_seen<T>(look: impl FnOnce(&mut Vec<Option<Seen>>) -> T) -> T {
    let seen = SEEN.get_or_init(|| Mutex::new(vec![None; PARTITIONS.unsigned_abs() as usize]));
    look(&mut seen.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Notes that a member has handled a record of a partition.
pub(super) fn handled(member: usize, partition: i32) {
    let now = Instant::now();
    with_seen(|all| {
        let place = usize::try_from(partition).ok();
        let Some(seen) = place.and_then(|place| all.get_mut(place)) else {
            return;
        };
        let longest = match *seen {
            Some(before) if before.member == member => {
                before.longest.max(now.duration_since(before.last))
            }
            _ => Duration::ZERO,
        };
        let last = now;
        *seen = Some(Seen {
            member,
            last,
            longest,
        });
    });
}

/// By member, how many partitions it was the last to handle a record of.
fn shares() -> [usize; MEMBERS] {
    with_seen(|all| {
        let mut shares = [0; MEMBERS];
        for seen in all.iter().flatten() {
            shares[seen.member] += 1;
        }
        shares
    })
}

/// A group at work.
pub(super) trait Members {
    /// One more member; it notes what it handles as this number.
    fn join(&mut self, member: usize) -> Result<(), BenchError>;
}

/// Measures the longest stop of a partition that stays where it is, while a third member joins.
pub(super) fn measure(task: &Task, members: &mut impl Members) -> Result<(), BenchError> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let sender = scope.spawn(|| send(task, &over));
        let measured = join_all(members);
        over.store(true, Ordering::Relaxed);
        sender.join().map_err(|_| BenchError::Panicked)??;
        print_sample(&Sample::now(measured?))
    })
}

fn join_all(members: &mut impl Members) -> Result<Duration, BenchError> {
    let all = PARTITIONS.unsigned_abs() as usize;
    members.join(0)?;
    until(|shares| shares[0] == all)?;
    members.join(1)?;
    until(|shares| shares[0] == all / 2 && shares[1] == all / 2)?;
    let owners = with_seen(|all| {
        for seen in all.iter_mut().flatten() {
            seen.longest = Duration::ZERO;
        }
        all.clone()
    });
    members.join(2)?;
    until(|shares| shares == [all / 3; MEMBERS])?;
    let now = Instant::now();
    let longest = with_seen(|all| {
        let kept = all.iter().zip(&owners).filter_map(|(now, before)| {
            let (now, before) = ((*now)?, (*before)?);
            (now.member == before.member).then_some(now)
        });
        let stops = kept.map(|seen| seen.longest.max(now.duration_since(seen.last)));
        stops.max()
    });
    // None is kept only if the group has changed hands meanwhile: that is no figure to be proud of.
    Ok(longest.unwrap_or(GIVE_UP))
}

fn until(shared: impl Fn([usize; MEMBERS]) -> bool) -> Result<(), BenchError> {
    let deadline = Instant::now() + GIVE_UP;
    while !shared(shares()) {
        if Instant::now() > deadline {
            return Err(BenchError::TooSlow(GIVE_UP));
        }
        thread::park_timeout(LOOK);
    }
    Ok(())
}

fn send(task: &Task, over: &AtomicBool) -> Result<(), BenchError> {
    let mut config = task.producer();
    let producer: ThreadedProducer<DefaultProducerContext> =
        config.set("linger.ms", "0").create()?;
    while !over.load(Ordering::Relaxed) {
        for partition in 0..PARTITIONS {
            let record = BaseRecord::<(), [u8]>::to(&task.topic)
                .partition(partition)
                .payload(b"x");
            producer.send(record).map_err(|(error, _)| error)?;
        }
        thread::park_timeout(PACE);
    }
    Ok(producer.flush(GIVE_UP)?)
}

/// Members written by hand, one poll loop each; they end with the process.
pub(super) struct PollLoops<'t>(pub(super) &'t Task);

impl Members for PollLoops<'_> {
    fn join(&mut self, member: usize) -> Result<(), BenchError> {
        let mut config = self.0.consumer();
        // Not what earlier runs have left.
        let config = config.set("auto.offset.reset", "latest");
        let consumer: BaseConsumer = config.create()?;
        consumer.subscribe(&[&self.0.topic])?;
        thread::spawn(move || {
            loop {
                if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
                    handled(member, message.partition());
                }
            }
        });
        Ok(())
    }
}
