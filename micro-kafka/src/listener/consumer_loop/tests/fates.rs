//! Whatever fails in whatever order, and whenever the process dies or partitions move: each record
//! ends exactly once in each life, done or as a dead letter, unless it is redelivered; nothing is
//! committed before that, and attempts are what the policy says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::sync::{mpsc, oneshot, watch};

use super::schedule::{LogSource, PARTITIONS, Shared};
use crate::client::{Signal, Slot, SourceEvent, TopicPartition};
use crate::clock::Clock;
use crate::error::{
    Action, BackOff, DefaultErrorHandler, ErrorKind, ListenerError, Policy, Recover, RecoverFuture,
    Recovered,
};
use crate::listener::command::Command;
use crate::listener::consumer_loop::{ConsumerLoop, Exit, LoopSeat};
use crate::listener::event::Events;
use crate::listener::tests::support::{Kept, Retries, deps, failure};
use crate::listener::{
    BatchOutcome, BatchSpec, Delivery, Finished, Handler, ListenerContext, ListenerEndpoint, Order,
    States,
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

fn fate(slot: Slot, offset: i64) -> Fate {
    let fates = [
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
    let mixed = (offset * 7 + i64::from(slot) * 4 + offset / 9).unsigned_abs() % 9;
    fates[usize::try_from(mixed).unwrap()]
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
    Produce(Slot, i64),
    Revoke(Slot, bool),
    Assign(Slot),
    /// The next publishes of dead letters are refused.
    Refuse(u32),
    /// The broker takes no dead letters until it is back.
    Away(bool),
    Crash,
    Later,
    Turn(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let slot = 0..PARTITIONS;
    prop_oneof![
        4 => (slot.clone(), 1..12_i64).prop_map(|(slot, count)| Step::Produce(slot, count)),
        2 => (slot.clone(), any::<bool>()).prop_map(|(slot, lost)| Step::Revoke(slot, lost)),
        2 => slot.prop_map(Step::Assign),
        1 => (1..4_u32).prop_map(Step::Refuse),
        1 => any::<bool>().prop_map(Step::Away),
        1 => Just(Step::Crash),
        6 => Just(Step::Later),
        6 => (1..6_u8).prop_map(Step::Turn),
    ]
}

/// What became of the records.
#[derive(Debug, Default)]
struct Fates {
    /// Of each partition; grows with each assignment: its records may be delivered anew.
    lives: [u32; PARTITIONS as usize],
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

type SharedFates = Arc<Mutex<Fates>>;

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
struct Letters {
    world: Shared,
    fates: SharedFates,
}

impl Recover for Letters {
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        let (world, fates) = (Arc::clone(&self.world), Arc::clone(&self.fates));
        Box::pin(async move {
            tokio::task::yield_now().await;
            let slot = delivery.record().partition().cast_unsigned();
            let offset = delivery.record().offset();
            let mut state = fates.lock();
            if state.away || state.refusals > 0 {
                state.refusals = state.refusals.saturating_sub(1);
                return (delivery, error, Err("the dead-letter topic is away".into()));
            }
            let (expected, attempt) = (fate(slot, offset).dead_after(), delivery.attempt());
            if expected != Some(attempt) {
                let text = format!("letter of {slot}@{offset} at {attempt}, not {expected:?}");
                state.break_by(text);
            }
            *state.letters.entry((slot, offset)).or_default() += 1;
            state.end(slot, offset);
            drop(state);
            world.lock().ended[slot as usize].insert(offset);
            (delivery, error, Ok(Recovered::DeadLettered))
        })
    }
}

/// Tries one record, and notes what comes of it.
fn tried(delivery: &Delivery, world: &Shared, fates: &SharedFates) -> Result<(), ListenerError> {
    let slot = delivery.record().partition().cast_unsigned();
    let offset = delivery.record().offset();
    let committed = world.lock().committed[slot as usize];
    let attempt = delivery.attempt();
    let lost_before = {
        let mut state = fates.lock();
        state.begin(slot, offset, attempt, committed);
        let before = state.lost.contains(&(slot, offset)) || state.batched;
        if fate(slot, offset) == Fate::Lost {
            state.lost.push((slot, offset));
        }
        before
    };
    let result = fate(slot, offset).result(attempt, lost_before);
    if result.is_ok() {
        fates.lock().end(slot, offset);
        world.lock().ended[slot as usize].insert(offset);
    }
    result
}

fn handler(world: &Shared, fates: &SharedFates) -> Handler {
    let (world, fates) = (Arc::clone(world), Arc::clone(fates));
    Handler::Closure(Arc::new(move |mut delivery: Delivery| {
        let (world, fates) = (Arc::clone(&world), Arc::clone(&fates));
        Box::pin(async move {
            if delivery.record().offset() % 3 == 0 {
                tokio::task::yield_now().await;
            }
            if !fates.lock().batched {
                let result = tried(&delivery, &world, &fates);
                return Finished { delivery, result };
            }
            let failures = delivery.batch().map(|it| tried(it, &world, &fates).err());
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
struct Life {
    commands: mpsc::UnboundedSender<Command>,
    running: tokio::task::JoinHandle<Exit>,
    clock: Clock,
}

struct Rig {
    world: Shared,
    fates: SharedFates,
    signal: Arc<Signal>,
    order: Order,
    life: Life,
    assigned: [bool; PARTITIONS as usize],
}

fn live(world: &Shared, fates: &SharedFates, signal: &Arc<Signal>, order: Order) -> Life {
    let batched = fates.lock().batched;
    let clock = Clock::manual();
    let unused = Retries {
        attempts: 1,
        delay: Duration::ZERO,
        last: Action::Stop,
    };
    let mut deps = deps(clock.clone(), unused, &Kept::failing(0));
    deps.error_handler = Arc::new(DefaultErrorHandler::new(ATTEMPTS, BackOff::Fixed(WAIT)));
    deps.recoverer = Arc::new(Letters {
        world: Arc::clone(world),
        fates: Arc::clone(fates),
    });
    let (commands, mut receiver) = mpsc::unbounded_channel();
    let seat = LoopSeat {
        number: 0,
        line: None,
        endpoint: Arc::new(ListenerEndpoint {
            order,
            batch: batched.then_some(BatchSpec {
                max: 5,
                linger: Duration::from_secs(1),
            }),
            parallelism: Some(4),
            max_uncommitted: 20,
            revoke_drain: Duration::from_millis(200),
            shutdown_timeout: Duration::from_millis(200),
            ..super::script::endpoint(handler(world, fates))
        }),
        deps,
        listener: Arc::new(ListenerContext {
            id: "test".into(),
            group_id: "g".into(),
            namespace: "".into(),
            states: Arc::new(States::default()),
            send_to: None,
            info: None,
        }),
        status: Arc::default(),
        stats: Arc::default(),
        assignment: Arc::new(watch::Sender::new(Vec::new())),
        stop_all: mpsc::unbounded_channel().0,
        pauses: Arc::default(),
        events: Events::default(),
        throttle: None,
        transactions: None,
    };
    let source = LogSource {
        world: Arc::clone(world),
        signal: Arc::clone(signal),
        names: (0..PARTITIONS)
            .map(|p| TopicPartition::new("t", p.cast_signed()))
            .collect(),
    };
    let running =
        tokio::spawn(async move { ConsumerLoop::new(&seat, source, &mut receiver).run().await });
    Life {
        commands,
        running,
        clock,
    }
}

impl Rig {
    fn start(kind: Kind) -> Self {
        let (world, fates) = (Shared::default(), SharedFates::default());
        fates.lock().batched = kind == Kind::Batches;
        let order = match kind {
            Kind::AnyOrder => Order::None,
            Kind::InOrder | Kind::Batches => Order::Partition,
        };
        let signal = Arc::<Signal>::default();
        let life = live(&world, &fates, &signal, order);
        Self {
            world,
            fates,
            signal,
            order,
            life,
            assigned: [false; PARTITIONS as usize],
        }
    }

    async fn turns(&self, count: u8) {
        for _ in 0..count {
            let (answer, answered) = oneshot::channel();
            if self.life.commands.send(Command::Progress(answer)).is_err() {
                return;
            }
            let _ = answered.await;
        }
    }

    fn event(&self, event: SourceEvent) {
        self.world.lock().events.push(event);
        self.signal.raise();
    }

    async fn assign(&mut self, slot: Slot) {
        if !std::mem::replace(&mut self.assigned[slot as usize], true) {
            self.fates.lock().lives[slot as usize] += 1;
            self.event(SourceEvent::Assign(vec![slot]));
            while !self.world.lock().positions.contains_key(&slot) {
                self.turns(1).await;
            }
        }
    }

    async fn revoke(&mut self, slot: Slot, lost: bool) {
        if std::mem::take(&mut self.assigned[slot as usize]) {
            let slots = vec![slot];
            self.event(SourceEvent::Revoke { slots, lost });
            while self.world.lock().positions.contains_key(&slot) {
                self.turns(1).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// All that the process knew is gone; what is on the broker stays.
    async fn crash(&mut self) {
        self.life.running.abort();
        let ended = (&mut self.life.running).await;
        assert!(ended.is_err_and(|error| error.is_cancelled()));
        let mut world = self.world.lock();
        world.positions.clear();
        world.events.clear();
        world.filled.clear();
        drop(world);
        self.assigned = [false; PARTITIONS as usize];
        self.life = live(&self.world, &self.fates, &self.signal, self.order);
    }

    fn later(&self) {
        if let Some(due) = self.life.clock.next_due() {
            self.life.clock.advance_to(due);
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Produce(slot, count) => {
                let mut world = self.world.lock();
                world.ends[*slot as usize] += count;
                world.filled.push(*slot);
                drop(world);
                self.signal.raise();
            }
            Step::Revoke(slot, lost) => self.revoke(*slot, *lost).await,
            Step::Assign(slot) => self.assign(*slot).await,
            Step::Refuse(count) => self.fates.lock().refusals += count,
            Step::Away(away) => self.fates.lock().away = *away,
            Step::Crash => self.crash().await,
            Step::Later => self.later(),
            Step::Turn(count) => self.turns(*count).await,
        }
    }

    /// Lets everything come to its end.
    async fn finish(&mut self) {
        self.fates.lock().away = false;
        for slot in 0..PARTITIONS {
            self.assign(slot).await;
        }
        for _ in 0..5_000 {
            self.turns(2).await;
            let done = {
                let world = self.world.lock();
                world.committed == world.ends
            };
            if done {
                return;
            }
            self.later();
            tokio::time::sleep(Duration::from_millis(1)).await;
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
    rig.finish().await;
    let _ = rig.life.commands.send(Command::Stop);
    let exit = tokio::time::timeout(Duration::from_secs(600), rig.life.running).await;
    prop_assert!(matches!(exit, Ok(Ok(Exit::Stopped(_)))), "{exit:?}");
    let (world, fates) = (rig.world.lock(), rig.fates.lock());
    prop_assert!(world.broken.is_empty(), "{:?}", world.broken);
    prop_assert!(fates.broken.is_empty(), "{:?}", fates.broken);
    prop_assert_eq!(world.committed, world.ends, "not all came to an end");
    for slot in 0..PARTITIONS {
        for offset in 0..world.ends[slot as usize] {
            let letters = fates.letters.contains_key(&(slot, offset));
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
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(kind, steps))?;
    }
}
