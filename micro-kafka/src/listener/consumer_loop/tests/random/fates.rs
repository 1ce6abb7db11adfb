//! Each record ends exactly once in each life, done or as a dead letter, unless it is redelivered;
//! nothing is committed before that, and attempts are what the policy says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{
    Driver, Move, Notes, PARTITION_COUNT, PARTITIONS, Shared, drawn, endpoint, in_virtual_time,
    moves, seat,
};
use crate::client::Slot;
use crate::clock::Clock;
use crate::error::{
    Action, BackOff, DefaultErrorHandler, ErrorKind, ListenerError, Policy, Recover, RecoverFuture,
    Recovered,
};
use crate::listener::tests::support::{Kept, Retries, deps, failure};
use crate::listener::{
    BatchOutcome, BatchSpec, Delivery, Finished, Handler, ListenerEndpoint, Order,
};

const ATTEMPTS: u32 = 3;
const WAIT: Duration = Duration::from_secs(5);

/// What a record's handler does, by its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    /// Fails until its last attempt.
    Recovers,
    Fails,
    Fatal,
    Panics,
    /// Takes the record with it once.
    Lost,
    Undecodable,
}

const FATES: [Fate; 9] = [
    Fate::Done,
    Fate::Recovers,
    Fate::Done,
    Fate::Fails,
    Fate::Fatal,
    Fate::Done,
    Fate::Panics,
    Fate::Undecodable,
    Fate::Lost,
];

fn fate(slot: Slot, offset: i64) -> Fate {
    drawn(&FATES, slot, offset)
}

impl Fate {
    /// After how many deliveries it becomes a dead letter, if it does.
    fn dead_after(self) -> Option<u32> {
        match self {
            Self::Fails | Self::Panics => Some(ATTEMPTS),
            Self::Fatal | Self::Undecodable => Some(1),
            Self::Done | Self::Recovers | Self::Lost => None,
        }
    }

    fn result(self, attempt: u32, lost_before: bool) -> Result<(), ListenerError> {
        let fatal = || {
            let kind = ErrorKind::Handler;
            ListenerError::new(kind, "fatal".into(), "test", None, Policy::DeadLetter)
        };
        match self {
            Self::Done => Ok(()),
            Self::Recovers if attempt == ATTEMPTS => Ok(()),
            Self::Recovers | Self::Fails => Err(failure()),
            Self::Fatal => Err(fatal()),
            Self::Panics => Err(ListenerError::panic(None)),
            Self::Undecodable => Err(ListenerError::decode(std::fmt::Error)),
            Self::Lost if lost_before => Ok(()),
            Self::Lost => panic!("as planned"),
        }
    }
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Move(Move),
    /// The next publishes of dead letters are refused.
    Refuse(u32),
    /// The broker takes no dead letters until it is back.
    Away(bool),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        18 => moves().prop_map(Step::Move),
        // What fails waits for its time.
        2 => Just(Step::Move(Move::Later)),
        1 => (1..4_u32).prop_map(Step::Refuse),
        1 => any::<bool>().prop_map(Step::Away),
        1 => Just(Step::Crash),
    ]
}

/// What became of the records.
#[derive(Debug, Default)]
struct Fates {
    /// Of each partition; grows with each assignment: its records may be delivered anew.
    lives: [u32; PARTITION_COUNT],
    /// The attempts of each record in each life.
    attempts: BTreeMap<(u32, Slot, i64), Vec<u32>>,
    /// How often each record ended in each life.
    ends: BTreeMap<(u32, Slot, i64), u32>,
    /// The dead letters of each record.
    letters: BTreeMap<(Slot, i64), u32>,
    lost: Vec<(Slot, i64)>,
    /// Whether the handler takes batches; none of them is lost as a whole.
    batched: bool,
    refusals: u32,
    away: bool,
    broken: Vec<String>,
}

impl Notes for Fates {
    fn key(offset: i64) -> Option<String> {
        (offset % 5 > 0).then(|| format!("k{}", offset % 5))
    }

    fn begins(&mut self, slot: Slot) {
        self.lives[slot as usize] += 1;
    }
}

impl Fates {
    fn break_by(&mut self, text: String) {
        self.broken.push(text);
    }

    fn begin(&mut self, slot: Slot, offset: i64, attempt: u32, committed: i64) {
        if offset < committed {
            self.break_by(format!("{slot}@{offset} after its commit {committed}"));
        }
        let life = self.lives[slot as usize];
        let seen = self.attempts.entry((life, slot, offset)).or_default();
        let expected = seen.last().map_or(1, |last| last + 1);
        // Whoever lost a record is given it as if it were new.
        let anew = self.lost.contains(&(slot, offset)) && attempt == 1;
        let broken = (attempt != expected && !anew).then(|| seen.clone());
        seen.push(attempt);
        if let Some(seen) = broken {
            self.break_by(format!(
                "attempt {attempt} of {slot}@{offset} after {seen:?}"
            ));
        }
        let most = fate(slot, offset).dead_after().unwrap_or(ATTEMPTS);
        if attempt > most {
            self.break_by(format!("attempt {attempt} of {slot}@{offset}, of {most}"));
        }
    }

    fn end(&mut self, slot: Slot, offset: i64) {
        let life = self.lives[slot as usize];
        let ends = self.ends.entry((life, slot, offset)).or_default();
        *ends += 1;
        if *ends > 1 {
            self.break_by(format!("{slot}@{offset} ends twice"));
        }
    }
}

/// The dead-letter topic.
#[derive(Debug)]
struct Letters(Shared<Fates>);

impl Recover for Letters {
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        let world = Arc::clone(&self.0);
        Box::pin(async move {
            tokio::task::yield_now().await;
            let slot = delivery.record().partition().cast_unsigned();
            let offset = delivery.record().offset();
            let mut world = world.lock();
            let notes = &mut world.notes;
            if notes.away || notes.refusals > 0 {
                notes.refusals = notes.refusals.saturating_sub(1);
                return (delivery, error, Err("the dead-letter topic is away".into()));
            }
            let (expected, attempt) = (fate(slot, offset).dead_after(), delivery.attempt());
            if expected != Some(attempt) {
                let text = format!("letter of {slot}@{offset} at {attempt}, not {expected:?}");
                notes.break_by(text);
            }
            *notes.letters.entry((slot, offset)).or_default() += 1;
            notes.end(slot, offset);
            world.ended[slot as usize].insert(offset);
            drop(world);
            (delivery, error, Ok(Recovered::DeadLettered))
        })
    }
}

/// Tries one record, and notes what comes of it.
fn tried(delivery: &Delivery, world: &Shared<Fates>) -> Result<(), ListenerError> {
    let slot = delivery.record().partition().cast_unsigned();
    let offset = delivery.record().offset();
    let attempt = delivery.attempt();
    let lost_before = {
        let mut world = world.lock();
        let committed = world.committed[slot as usize];
        let notes = &mut world.notes;
        notes.begin(slot, offset, attempt, committed);
        let before = notes.lost.contains(&(slot, offset)) || notes.batched;
        if fate(slot, offset) == Fate::Lost {
            notes.lost.push((slot, offset));
        }
        before
    };
    let result = fate(slot, offset).result(attempt, lost_before);
    if result.is_ok() {
        let mut world = world.lock();
        world.notes.end(slot, offset);
        world.ended[slot as usize].insert(offset);
    }
    result
}

fn handler(world: &Shared<Fates>) -> Handler {
    let world = Arc::clone(world);
    Handler::Closure(Arc::new(move |mut delivery: Delivery| {
        let world = Arc::clone(&world);
        Box::pin(async move {
            if delivery.record().offset() % 3 == 0 {
                tokio::task::yield_now().await;
            }
            if !world.lock().notes.batched {
                let result = tried(&delivery, &world);
                return Finished { delivery, result };
            }
            let failures = delivery.batch().map(|it| tried(it, &world).err());
            let outcome = BatchOutcome::Each(failures.collect());
            delivery.set_outcome(outcome);
            Finished {
                delivery,
                result: Ok(()),
            }
        })
    }))
}

/// A life of the process.
fn live(world: &Shared<Fates>, order: Order) -> Driver<Fates> {
    let batched = world.lock().notes.batched;
    let unused = Retries {
        attempts: 1,
        delay: Duration::ZERO,
        last: Action::Stop,
    };
    let mut deps = deps(Clock::manual(), unused, &Kept::failing(0));
    deps.error_handler = Arc::new(DefaultErrorHandler::new(ATTEMPTS, BackOff::Fixed(WAIT)));
    deps.recoverer = Arc::new(Letters(Arc::clone(world)));
    let endpoint = ListenerEndpoint {
        order,
        batch: batched.then_some(BatchSpec {
            max: 5,
            linger: Duration::from_secs(1),
        }),
        parallelism: Some(4),
        max_uncommitted: 20,
        revoke_drain: Duration::from_millis(200),
        shutdown_timeout: Duration::from_millis(200),
        ..endpoint(handler(world))
    };
    Driver::start(world, seat(endpoint, deps))
}

struct Rig {
    driver: Driver<Fates>,
    order: Order,
}

impl Rig {
    fn start(kind: Kind) -> Self {
        let world = Shared::<Fates>::default();
        world.lock().notes.batched = kind == Kind::Batches;
        let order = match kind {
            Kind::AnyOrder => Order::None,
            Kind::InOrder | Kind::Batches => Order::Partition,
        };
        Self {
            driver: live(&world, order),
            order,
        }
    }

    /// All that the process knew is gone; what is on the broker stays.
    async fn crash(&mut self) {
        let driver = &mut self.driver;
        driver.running.abort();
        let ended = (&mut driver.running).await;
        assert!(ended.is_err_and(|error| error.is_cancelled()));
        let mut world = driver.world.lock();
        world.positions.clear();
        world.events.clear();
        world.filled.clear();
        drop(world);
        let next = live(&self.driver.world, self.order);
        self.driver = next;
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Move(what) => self.driver.make(what).await,
            Step::Refuse(count) => self.driver.world.lock().notes.refusals += count,
            Step::Away(away) => self.driver.world.lock().notes.away = *away,
            Step::Crash => self.crash().await,
        }
    }
}

/// How the listener takes its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    InOrder,
    AnyOrder,
    Batches,
}

async fn run(kind: Kind, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut rig = Rig::start(kind);
    for step in &steps {
        rig.step(step).await;
    }
    let mut driver = rig.driver;
    driver.world.lock().notes.away = false;
    driver.finish(|_| ()).await;
    let world = driver.stop(true).await?;
    let world = world.lock();
    prop_assert!(world.notes.broken.is_empty(), "{:?}", world.notes.broken);
    for slot in 0..PARTITIONS {
        for offset in 0..world.ends[slot as usize] {
            let letters = world.notes.letters.contains_key(&(slot, offset));
            let dead = fate(slot, offset).dead_after().is_some();
            prop_assert_eq!(letters, dead, "{}@{}", slot, offset);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_fails_each_record_ends_once_and_attempts_are_the_policys(
        kind in prop::sample::select(vec![Kind::InOrder, Kind::AnyOrder, Kind::Batches]),
        steps in prop::collection::vec(step(), 5..60),
    ) {
        in_virtual_time(run(kind, steps))?;
    }
}
