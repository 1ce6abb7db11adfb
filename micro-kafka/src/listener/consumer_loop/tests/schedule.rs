//! Whatever happens in whatever order: keys keep their order, nothing runs twice at once, and no
//! commit goes beyond a record that has not come to its end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::client::{
    ClientError, CommitOffset, GroupMetadata, RecordSource, Signal, Slot, SourceEvent, Spot, Start,
    TopicPartition,
};
use crate::clock::Clock;
use crate::error::Action;
use crate::listener::command::Command;
use crate::listener::consumer_loop::{ConsumerLoop, Exit, LoopSeat};
use crate::listener::event::Events;
use crate::listener::pauses::Pauses;
use crate::listener::seek::SeekRequest;
use crate::listener::tests::support::{Kept, Retries, deps, failure};
use crate::listener::{
    AckMode, Delivery, Dispatch, Finished, Handler, ListenerContext, ListenerEndpoint, Order,
    SeekTo, States, Target,
};
use crate::record::{OwnedRecord, Record};

pub(super) const PARTITIONS: u32 = 2;
const KEYS: i64 = 4;

/// What a record's handler does, by its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    Waits,
    Yields,
    FailsOnce,
    Fails,
    Panics,
}

fn fate(slot: Slot, offset: i64) -> Fate {
    let fates = [
        Fate::Done,
        Fate::Waits,
        Fate::Done,
        Fate::Yields,
        Fate::FailsOnce,
        Fate::Waits,
        Fate::Fails,
        Fate::Panics,
    ];
    let mixed = (offset * 5 + i64::from(slot) * 3 + offset / 7).unsigned_abs() % 8;
    fates[usize::try_from(mixed).unwrap()]
}

fn key(offset: i64) -> Option<String> {
    let number = (offset * 3 + offset / 5) % (KEYS + 1);
    (number < KEYS).then(|| format!("k{number}"))
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Produce(Slot, i64),
    Release(usize),
    Revoke(Slot, bool),
    Assign(Slot),
    Pause(Slot),
    Resume(Slot),
    Seek(Slot, i64),
    Later,
    Turn(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let slot = 0..PARTITIONS;
    prop_oneof![
        4 => (slot.clone(), 1..12_i64).prop_map(|(slot, count)| Step::Produce(slot, count)),
        4 => (1..4_usize).prop_map(Step::Release),
        2 => (slot.clone(), any::<bool>()).prop_map(|(slot, lost)| Step::Revoke(slot, lost)),
        2 => slot.clone().prop_map(Step::Assign),
        1 => slot.clone().prop_map(Step::Pause),
        1 => slot.clone().prop_map(Step::Resume),
        1 => (slot, 0..20_i64).prop_map(|(slot, offset)| Step::Seek(slot, offset)),
        4 => Just(Step::Later),
        6 => (1..6_u8).prop_map(Step::Turn),
    ]
}

/// The broker's and the test's side: what is there, and what became of it.
#[derive(Debug, Default)]
pub(super) struct World {
    /// How many records each partition has.
    pub(super) ends: [i64; PARTITIONS as usize],
    pub(super) positions: BTreeMap<Slot, i64>,
    pub(super) committed: [i64; PARTITIONS as usize],
    /// Records that have come to their end since the last seek before them.
    pub(super) ended: [BTreeSet<i64>; PARTITIONS as usize],
    /// Attempts of records that panic or fail once.
    tried: BTreeSet<(Slot, i64)>,
    running: BTreeSet<(Slot, Option<String>)>,
    /// The last record of each key that was begun for the first time in this assignment.
    last: BTreeMap<(Slot, Option<String>), i64>,
    /// Partitions that the program seeks.
    sought: BTreeSet<Slot>,
    pub(super) events: Vec<SourceEvent>,
    pub(super) filled: Vec<Slot>,
    pub(super) closed: bool,
    pub(super) broken: Vec<String>,
}

pub(super) type Shared = Arc<Mutex<World>>;

pub(super) struct LogSource {
    pub(super) world: Shared,
    pub(super) signal: Arc<Signal>,
    pub(super) names: Vec<TopicPartition>,
}

impl RecordSource for LogSource {
    fn poll_filled(&self, context: &Context<'_>) -> Poll<()> {
        self.signal.poll_raised(context)
    }

    fn poll_events(&mut self, events: &mut Vec<SourceEvent>) {
        events.append(&mut self.world.lock().events);
    }

    fn take_filled(&mut self, into: &mut Vec<Slot>) {
        into.append(&mut self.world.lock().filled);
    }

    fn read(&mut self, slot: Slot, limit: usize, into: &mut VecDeque<Record>) -> usize {
        let mut world = self.world.lock();
        let end = world.ends[slot as usize];
        let Some(position) = world.positions.get_mut(&slot) else {
            return 0;
        };
        // Few at once, so that there are many turns.
        let limit = limit.min(5);
        let mut count = 0;
        while count < limit && *position < end {
            let mut record = OwnedRecord::new("t", slot.cast_signed(), *position);
            record.key = key(*position).map(String::into_bytes);
            into.push_back(record.into());
            *position += 1;
            count += 1;
        }
        if *position < end {
            world.filled.push(slot);
            self.signal.raise();
        }
        count
    }

    fn recycle(&mut self, record: Record) {
        drop(record);
    }

    fn name(&self, slot: Slot) -> &TopicPartition {
        &self.names[slot as usize]
    }

    fn assign(&mut self, slots: &[Slot]) -> Result<Vec<Start>, ClientError> {
        let mut world = self.world.lock();
        let mut starts = Vec::new();
        for slot in slots {
            let offset = world.committed[*slot as usize];
            world.positions.insert(*slot, offset);
            world.last.retain(|(of, _), _| of != slot);
            world.filled.push(*slot);
            starts.push(Start {
                slot: *slot,
                offset: Some(offset),
                commit: false,
            });
        }
        self.signal.raise();
        Ok(starts)
    }

    fn unassign(&mut self, slots: &[Slot]) -> Result<(), ClientError> {
        let mut world = self.world.lock();
        for slot in slots {
            world.positions.remove(slot);
        }
        Ok(())
    }

    fn commit(&mut self, id: u64, offsets: &[CommitOffset]) -> Result<(), ClientError> {
        let mut world = self.world.lock();
        for CommitOffset { slot, offset, .. } in offsets {
            let ended = &world.ended[*slot as usize];
            let open = (0..*offset).find(|record| !ended.contains(record));
            if let Some(open) = open {
                let text = format!("commit {offset} of {slot} beyond {open}");
                world.broken.push(text);
            }
            world.committed[*slot as usize] = *offset;
        }
        world
            .events
            .push(SourceEvent::Committed { id, result: Ok(()) });
        self.signal.raise();
        Ok(())
    }

    fn group_metadata(&self) -> Option<GroupMetadata> {
        GroupMetadata::of_group("g")
    }

    fn committed(&mut self, _slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        Ok(Vec::new())
    }

    fn seek(&mut self, slot: Slot, offset: i64) -> Result<(), ClientError> {
        let mut world = self.world.lock();
        world.positions.insert(slot, offset);
        // A lost record is read again without being sought.
        if world.sought.remove(&slot) {
            world.last.retain(|(of, _), _| *of != slot);
        }
        Ok(())
    }

    fn assignment_lost(&self) -> bool {
        false
    }

    fn offsets(&mut self, slots: &[Slot], _spot: Spot) -> Result<Vec<(Slot, i64)>, ClientError> {
        let world = self.world.lock();
        Ok(slots
            .iter()
            .map(|slot| (*slot, world.ends[*slot as usize]))
            .collect())
    }

    fn known_end(&self, _slot: Slot) -> Option<i64> {
        None
    }

    fn close(&mut self) -> Result<(), ClientError> {
        self.world.lock().closed = true;
        self.signal.raise();
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.world.lock().closed
    }
}

/// One run of a handler, until it ends or is dropped.
struct Run {
    world: Shared,
    place: (Slot, Option<String>),
}

impl Run {
    fn begin(world: &Shared, order: Order, slot: Slot, offset: i64, attempt: u32) -> Self {
        let lane = match order {
            Order::Partition => None,
            Order::Key => key(offset),
            Order::None => Some(format!("record {offset}")),
        };
        let place = (slot, lane);
        let mut state = world.lock();
        if !state.running.insert(place.clone()) {
            state
                .broken
                .push(format!("{place:?} runs twice at once, at {offset}"));
        }
        let first = attempt == 1 && !state.tried.contains(&(slot, offset));
        if let Some(last) = state.last.insert(place.clone(), offset)
            && first
            && last > offset
        {
            state
                .broken
                .push(format!("{offset} of {place:?} after {last}"));
        }
        drop(state);
        Self {
            world: Arc::clone(world),
            place,
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.world.lock().running.remove(&self.place);
    }
}

fn handler(world: &Shared, gate: &Arc<Semaphore>, order: Order) -> Handler {
    let (world, gate) = (Arc::clone(world), Arc::clone(gate));
    Handler::Closure(Arc::new(move |delivery: Delivery| {
        let (world, gate) = (Arc::clone(&world), Arc::clone(&gate));
        Box::pin(async move {
            let slot = delivery.record().partition().cast_unsigned();
            let offset = delivery.record().offset();
            let run = Run::begin(&world, order, slot, offset, delivery.attempt());
            let fate = fate(slot, offset);
            let again = !world.lock().tried.insert((slot, offset));
            let result = match fate {
                Fate::Panics if !again => panic!("as planned"),
                Fate::FailsOnce if delivery.attempt() == 1 => Err(failure()),
                Fate::Fails => Err(failure()),
                Fate::Waits => {
                    gate.acquire().await.unwrap().forget();
                    Ok(())
                }
                Fate::Yields => {
                    tokio::task::yield_now().await;
                    Ok(())
                }
                Fate::Done | Fate::FailsOnce | Fate::Panics => Ok(()),
            };
            if result.is_ok() || (fate == Fate::Fails && delivery.attempt() >= 2) {
                world.lock().ended[slot as usize].insert(offset);
            }
            drop(run);
            Finished { delivery, result }
        })
    }))
}

/// The loop, and all that it may be asked.
struct Rig {
    world: Shared,
    signal: Arc<Signal>,
    clock: Clock,
    gate: Arc<Semaphore>,
    pauses: Arc<Pauses>,
    commands: mpsc::UnboundedSender<Command>,
    running: tokio::task::JoinHandle<Exit>,
    assigned: [bool; PARTITIONS as usize],
}

impl Rig {
    fn start(order: Order, dispatch: Dispatch, ack_mode: AckMode, parallelism: usize) -> Self {
        let (world, signal) = (Shared::default(), Arc::<Signal>::default());
        let (clock, gate) = (Clock::manual(), Arc::new(Semaphore::new(0)));
        let errors = Retries {
            attempts: 2,
            delay: Duration::from_secs(5),
            last: Action::Skip,
        };
        let deps = deps(clock.clone(), errors, &Kept::failing(0));
        let (commands, mut receiver) = mpsc::unbounded_channel();
        let pauses = Arc::<Pauses>::default();
        let handler = handler(&world, &gate, order);
        let seat = LoopSeat {
            number: 0,
            line: None,
            transactions: None,
            endpoint: Arc::new(ListenerEndpoint {
                order,
                dispatch,
                ack_mode,
                parallelism: Some(parallelism),
                max_uncommitted: 12,
                revoke_drain: Duration::from_millis(200),
                shutdown_timeout: Duration::from_millis(200),
                ..super::script::endpoint(handler)
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
            pauses: Arc::clone(&pauses),
            events: Events::default(),
            throttle: None,
        };
        let source = LogSource {
            world: Arc::clone(&world),
            signal: Arc::clone(&signal),
            names: (0..PARTITIONS)
                .map(|p| TopicPartition::new("t", p.cast_signed()))
                .collect(),
        };
        let running =
            tokio::spawn(
                async move { ConsumerLoop::new(&seat, source, &mut receiver).run().await },
            );
        Self {
            world,
            signal,
            clock,
            gate,
            pauses,
            commands,
            running,
            assigned: [false; PARTITIONS as usize],
        }
    }

    fn event(&self, event: SourceEvent) {
        self.world.lock().events.push(event);
        self.signal.raise();
    }

    async fn turns(&self, count: u8) {
        for _ in 0..count {
            let (answer, answered) = oneshot::channel();
            if self.commands.send(Command::Progress(answer)).is_err() {
                return;
            }
            let _ = answered.await;
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
            Step::Release(count) => self.gate.add_permits(*count),
            Step::Revoke(slot, lost) => {
                if std::mem::take(&mut self.assigned[*slot as usize]) {
                    let slots = vec![*slot];
                    self.event(SourceEvent::Revoke { slots, lost: *lost });
                    // librdkafka offers nothing else before the answer.
                    while self.world.lock().positions.contains_key(slot)
                        && !self.running.is_finished()
                    {
                        self.turns(1).await;
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            }
            Step::Assign(slot) => self.assign(*slot).await,
            Step::Pause(slot) => {
                self.pauses.pause(&target(*slot));
                let _ = self.commands.send(Command::Paused);
            }
            Step::Resume(slot) => {
                self.pauses.resume(&target(*slot));
                let _ = self.commands.send(Command::Paused);
            }
            Step::Seek(slot, offset) => self.seek(*slot, *offset).await,
            Step::Later => {
                if let Some(due) = self.clock.next_due() {
                    self.clock.advance_to(due);
                }
            }
            Step::Turn(count) => self.turns(*count).await,
        }
    }

    async fn assign(&mut self, slot: Slot) {
        if !std::mem::replace(&mut self.assigned[slot as usize], true) {
            self.event(SourceEvent::Assign(vec![slot]));
            while !self.world.lock().positions.contains_key(&slot) && !self.running.is_finished() {
                self.turns(1).await;
            }
        }
    }

    /// A seek makes what is before its place ended, and what is behind it open.
    async fn seek(&mut self, slot: Slot, offset: i64) {
        if !self.assigned[slot as usize] {
            return;
        }
        let offset = offset.min(self.world.lock().ends[slot as usize]);
        let (answer, mut answered) = oneshot::channel();
        let world = Arc::clone(&self.world);
        world.lock().sought.insert(slot);
        // Asked in the moment in which nothing of the partition is at work any more.
        let to = SeekTo::Offset(offset);
        let _ = self.commands.send(Command::Seek(SeekRequest {
            target: target(slot),
            to,
            answer,
        }));
        world.lock().ended[slot as usize].extend(0..offset);
        while answered.try_recv().is_err() && !self.running.is_finished() {
            self.gate.add_permits(1);
            self.turns(1).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Lets everything come to its end.
    async fn finish(&mut self) {
        self.pauses.resume(&Target::All);
        let _ = self.commands.send(Command::Paused);
        for slot in 0..PARTITIONS {
            self.assign(slot).await;
        }
        self.gate.add_permits(100_000);
        for _ in 0..2_000 {
            self.turns(2).await;
            let (ends, committed) = {
                let world = self.world.lock();
                (world.ends, world.committed)
            };
            if committed == ends {
                return;
            }
            if let Some(due) = self.clock.next_due() {
                self.clock.advance_to(due);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn target(slot: Slot) -> Target {
    Target::Partition("t".to_owned(), slot.cast_signed())
}

async fn run(case: Case) -> Result<(), TestCaseError> {
    let mut rig = Rig::start(case.order, case.dispatch, case.ack_mode, case.parallelism);
    for step in &case.steps {
        rig.step(step).await;
    }
    if case.stops {
        let _ = rig.commands.send(Command::Stop);
    } else {
        rig.finish().await;
        let _ = rig.commands.send(Command::Stop);
    }
    let exit = tokio::time::timeout(Duration::from_secs(600), rig.running).await;
    prop_assert!(matches!(exit, Ok(Ok(Exit::Stopped(_)))), "{exit:?}");
    let world = rig.world.lock();
    prop_assert!(world.broken.is_empty(), "{:?}", world.broken);
    if !case.stops {
        prop_assert_eq!(world.committed, world.ends, "not all came to an end");
    }
    Ok(())
}

#[derive(Debug, Clone)]
struct Case {
    order: Order,
    dispatch: Dispatch,
    ack_mode: AckMode,
    parallelism: usize,
    stops: bool,
    steps: Vec<Step>,
}

fn case() -> impl Strategy<Value = Case> {
    let order = prop::sample::select(vec![Order::Partition, Order::Key, Order::None]);
    let dispatch = prop::sample::select(vec![Dispatch::Inline, Dispatch::Spawn]);
    let modes = vec![AckMode::Batch, AckMode::Record, AckMode::CountTime];
    let steps = prop::collection::vec(step(), 5..60);
    (
        order,
        dispatch,
        prop::sample::select(modes),
        1..6_usize,
        any::<bool>(),
        steps,
    )
        .prop_map(
            |(order, dispatch, ack_mode, parallelism, stops, steps)| Case {
                order,
                dispatch,
                ack_mode,
                parallelism,
                stops,
                steps,
            },
        )
}

proptest! {
    #[test]
    fn whatever_happens_keys_keep_their_order_and_commits_wait(case in case()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(case))?;
    }
}
