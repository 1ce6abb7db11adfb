//! Whatever happens in whatever order to a transactional listener: each transaction that the broker
//! takes holds exactly what the records between the committed offset and its own bring about.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::client::{
    ClientError, CommitOffset, ErrorCode, GroupMetadata, RecordSource, Signal, Slot, SourceEvent,
    Spot, Start, TopicPartition,
};
use crate::clock::Clock;
use crate::error::Action;
use crate::listener::command::Command;
use crate::listener::consumer_loop::{ConsumerLoop, Exit, LoopSeat};
use crate::listener::event::Events;
use crate::listener::tests::support::{Kept, Retries, deps, failure};
use crate::listener::transactional::{Answer, Failed, Job, TransactionLine};
use crate::listener::{
    Delivery, Dispatch, Finished, Handler, ListenerContext, ListenerEndpoint, Order, States,
    TransactionSpec,
};
use crate::record::{OwnedRecord, Record};
use crate::template::{
    KafkaTemplate, Postage, Recorder, SendError, SendResult, StagedTransaction, TransactionError,
};

const PARTITIONS: u32 = 2;
const PARTITION_COUNT: usize = 2;

/// What a record's handler does, by its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    Waits,
    /// Sends, and fails the first time.
    FailsOnce,
    /// Sends, and fails.
    Fails,
    Panics,
    /// Sends what no transaction can hold.
    Spoils,
}

fn fate(slot: Slot, offset: i64) -> Fate {
    let fates = [
        Fate::Done,
        Fate::Waits,
        Fate::Done,
        Fate::FailsOnce,
        Fate::Done,
        Fate::Fails,
        Fate::Waits,
        Fate::Panics,
        Fate::Done,
        Fate::Spoils,
        Fate::Done,
    ];
    let mixed = (offset * 7 + i64::from(slot) * 3 + offset / 13).unsigned_abs() % 11;
    fates[usize::try_from(mixed).unwrap()]
}

fn brings_something(slot: Slot, offset: i64) -> bool {
    !matches!(fate(slot, offset), Fate::Fails | Fate::Spoils)
}

/// What becomes of a transaction that nothing speaks against.
#[derive(Debug, Clone, Copy)]
enum End {
    Committed,
    Aborted,
    /// Committed, and nobody is told.
    CommittedSilently,
    /// Aborted, and nobody is told.
    AbortedSilently,
}

#[derive(Debug, Clone)]
enum Step {
    Produce(Slot, i64),
    Release(usize),
    Revoke(Slot, bool),
    Assign(Slot),
    End(End),
    Later,
    Turn(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let slot = 0..PARTITIONS;
    let end = prop_oneof![
        8 => Just(End::Committed),
        2 => Just(End::Aborted),
        1 => Just(End::CommittedSilently),
        1 => Just(End::AbortedSilently),
    ];
    prop_oneof![
        4 => (slot.clone(), 1..12_i64).prop_map(|(slot, count)| Step::Produce(slot, count)),
        4 => (1..4_usize).prop_map(Step::Release),
        2 => (slot.clone(), any::<bool>()).prop_map(|(slot, lost)| Step::Revoke(slot, lost)),
        2 => slot.prop_map(Step::Assign),
        8 => end.prop_map(Step::End),
        4 => Just(Step::Later),
        6 => (1..6_u8).prop_map(Step::Turn),
    ]
}

/// The broker's side.
#[derive(Debug, Default)]
struct World {
    ends: [i64; PARTITION_COUNT],
    positions: BTreeMap<Slot, i64>,
    committed: [i64; PARTITION_COUNT],
    /// Grows whenever partitions change hands.
    generation: u32,
    /// The generation of each transaction that was handed over, in order.
    handed: VecDeque<u32>,
    output: BTreeSet<(Slot, i64)>,
    tried: BTreeSet<(Slot, i64)>,
    events: Vec<SourceEvent>,
    filled: Vec<Slot>,
    closed: bool,
    broken: Vec<String>,
}

type Shared = Arc<Mutex<World>>;

impl World {
    /// Commits a transaction, if it holds what it has to.
    fn apply(&mut self, transaction: &StagedTransaction) {
        let mut outputs = BTreeSet::new();
        for staged in &transaction.records {
            let text = staged.record.payload.as_deref().unwrap_or_default();
            let offset = std::str::from_utf8(text).unwrap().parse().unwrap();
            let output = (staged.record.partition.cast_unsigned(), offset);
            if !outputs.insert(output) {
                self.broken.push(format!("{output:?} is in it twice"));
            }
        }
        let mut expected = BTreeSet::new();
        for position in &transaction.offsets {
            let slot = position.partition.partition.cast_unsigned();
            let committed = &mut self.committed[slot as usize];
            let new = *committed..position.offset;
            expected.extend(
                new.filter(|at| brings_something(slot, *at))
                    .map(|at| (slot, at)),
            );
            *committed = position.offset;
        }
        if outputs != expected {
            let text = format!("{:?} brought about {outputs:?}", transaction.offsets);
            self.broken.push(text);
        }
        for output in outputs {
            if !self.output.insert(output) {
                self.broken.push(format!("{output:?} twice"));
            }
        }
    }
}

struct LogSource {
    world: Shared,
    signal: Arc<Signal>,
    names: Vec<TopicPartition>,
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
        let mut count = 0;
        while count < limit.min(5) && *position < end {
            let mut record = OwnedRecord::new("t", slot.cast_signed(), *position);
            record.key = Some(format!("k{}", *position % 3).into_bytes());
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
        world.generation += 1;
        world.positions.retain(|slot, _| !slots.contains(slot));
        Ok(())
    }

    fn commit(&mut self, _id: u64, offsets: &[CommitOffset]) -> Result<(), ClientError> {
        let text = format!("{offsets:?} committed outside of a transaction");
        self.world.lock().broken.push(text);
        Ok(())
    }

    fn group_metadata(&self) -> Option<GroupMetadata> {
        let mut world = self.world.lock();
        let generation = world.generation;
        world.handed.push_back(generation);
        GroupMetadata::of_group("g")
    }

    fn committed(&mut self, slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        let world = self.world.lock();
        let committed = slots
            .iter()
            .map(|slot| (*slot, world.committed[*slot as usize]));
        Ok(committed.collect())
    }

    fn seek(&mut self, slot: Slot, offset: i64) -> Result<(), ClientError> {
        let mut world = self.world.lock();
        world.positions.insert(slot, offset);
        world.filled.push(slot);
        self.signal.raise();
        Ok(())
    }

    fn assignment_lost(&self) -> bool {
        false
    }

    fn offsets(&mut self, slots: &[Slot], _spot: Spot) -> Result<Vec<(Slot, i64)>, ClientError> {
        let world = self.world.lock();
        let ends = slots.iter().map(|slot| (*slot, world.ends[*slot as usize]));
        Ok(ends.collect())
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

fn handler(world: &Shared, gate: &Arc<Semaphore>) -> Handler {
    let (world, gate) = (Arc::clone(world), Arc::clone(gate));
    Handler::Closure(Arc::new(move |delivery: Delivery| {
        let (world, gate) = (Arc::clone(&world), Arc::clone(&gate));
        Box::pin(async move {
            let partition = delivery.record().partition();
            let (slot, offset) = (partition.cast_unsigned(), delivery.record().offset());
            let fate = fate(slot, offset);
            let tx = delivery.transaction().unwrap();
            let topic = match fate {
                Fate::Spoils => "spoilt",
                _ => "out",
            };
            let text = offset.to_string();
            tx.send(topic, text).partition(partition).await.unwrap();
            let again = !world.lock().tried.insert((slot, offset));
            let result = match fate {
                Fate::Panics if !again => panic!("as planned"),
                Fate::FailsOnce if delivery.attempt() == 1 => Err(failure()),
                Fate::Fails => Err(failure()),
                Fate::Waits => {
                    gate.acquire().await.unwrap().forget();
                    Ok(())
                }
                Fate::Done | Fate::FailsOnce | Fate::Panics | Fate::Spoils => Ok(()),
            };
            Finished { delivery, result }
        })
    }))
}

/// Takes nothing: what is sent has a transaction.
#[derive(Debug)]
struct Nowhere;

impl Recorder for Nowhere {
    fn record(&self, record: OwnedRecord) -> Result<SendResult, SendError> {
        panic!("{record:?} outside of a transaction")
    }

    fn commit(&self, records: Vec<OwnedRecord>) -> Result<(), Vec<SendError>> {
        panic!("{records:?} outside of a transaction")
    }
}

struct Rig {
    world: Shared,
    signal: Arc<Signal>,
    clock: Clock,
    gate: Arc<Semaphore>,
    jobs: Receiver<Job>,
    failed_era: u64,
    commands: mpsc::UnboundedSender<Command>,
    running: tokio::task::JoinHandle<Exit>,
    assigned: [bool; PARTITION_COUNT],
}

impl Rig {
    fn start(case: &Case) -> Self {
        let (world, signal) = (Shared::default(), Arc::<Signal>::default());
        let (clock, gate) = (Clock::manual(), Arc::new(Semaphore::new(0)));
        let errors = Retries {
            attempts: 2,
            delay: Duration::from_secs(5),
            last: Action::Skip,
        };
        let (commands, mut receiver) = mpsc::unbounded_channel();
        let spec = TransactionSpec {
            max: case.max,
            linger: Duration::from_millis(case.linger),
            ..TransactionSpec::default()
        };
        let postage = Postage::of(&KafkaTemplate::recording(Arc::new(Nowhere)));
        let (line, jobs) = TransactionLine::new(spec.clone(), postage);
        let handler = handler(&world, &gate);
        let endpoint = ListenerEndpoint {
            order: case.order,
            dispatch: case.dispatch,
            parallelism: Some(case.parallelism),
            max_uncommitted: 12,
            revoke_drain: Duration::from_millis(200),
            shutdown_timeout: Duration::from_millis(200),
            transaction: Some(spec),
            ..super::script::endpoint(handler)
        };
        let seat = LoopSeat {
            number: 0,
            line: None,
            transactions: Some(Arc::new(line)),
            throttle: None,
            endpoint: Arc::new(endpoint),
            deps: deps(clock.clone(), errors, &Kept::failing(0)),
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
            jobs,
            failed_era: 0,
            commands,
            running,
            assigned: [false; PARTITION_COUNT],
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

    /// Makes the next transaction that was handed over.
    fn end(&mut self, end: End) {
        let Ok(job) = self.jobs.try_recv() else {
            return;
        };
        let mut world = self.world.lock();
        let generation = world.handed.pop_front().unwrap();
        let id: Arc<str> = "tx".into();
        let spoilt = |job: &Job| {
            job.transaction
                .records
                .iter()
                .any(|it| it.record.topic == "spoilt")
        };
        let result = if job.era <= self.failed_era {
            Err(Failed::Superseded)
        } else if generation != world.generation {
            Err(Failed::Itself(TransactionError::Aborted {
                id,
                code: ErrorCode::TIMED_OUT,
                reason: "fenced".to_owned(),
            }))
        } else if spoilt(&job) {
            let failure = SendError::TooLarge {
                topic: "spoilt".into(),
                key_hash: None,
            };
            Err(Failed::Itself(TransactionError::Undelivered {
                id,
                failures: vec![failure],
            }))
        } else {
            if matches!(end, End::Committed | End::CommittedSilently) {
                world.apply(&job.transaction);
            }
            let waited = Duration::from_secs(10);
            match end {
                End::Committed => Ok(()),
                End::Aborted => Err(Failed::Itself(TransactionError::Closed)),
                End::CommittedSilently | End::AbortedSilently => {
                    Err(Failed::Itself(TransactionError::Unknown { id, waited }))
                }
            }
        };
        if let Err(Failed::Itself(_)) = result {
            self.failed_era = job.era;
        }
        let _ = job.answers.send(Answer { id: job.id, result });
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
                    if *lost {
                        self.world.lock().generation += 1;
                    }
                    self.event(SourceEvent::Revoke { slots, lost: *lost });
                    while self.world.lock().positions.contains_key(slot)
                        && !self.running.is_finished()
                    {
                        self.turns(1).await;
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            }
            Step::Assign(slot) => self.assign(*slot).await,
            Step::End(end) => self.end(*end),
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

    /// Lets everything come to its end.
    async fn finish(&mut self) {
        for slot in 0..PARTITIONS {
            self.assign(slot).await;
        }
        self.gate.add_permits(100_000);
        for _ in 0..5_000 {
            self.end(End::Committed);
            self.turns(2).await;
            let done = {
                let world = self.world.lock();
                world.committed == world.ends
            };
            if done {
                return;
            }
            if let Some(due) = self.clock.next_due() {
                self.clock.advance_to(due);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[derive(Debug, Clone)]
struct Case {
    order: Order,
    dispatch: Dispatch,
    parallelism: usize,
    max: usize,
    linger: u64,
    steps: Vec<Step>,
}

fn case() -> impl Strategy<Value = Case> {
    let order = prop::sample::select(vec![Order::Partition, Order::Key, Order::None]);
    let dispatch = prop::sample::select(vec![Dispatch::Inline, Dispatch::Spawn]);
    let max = prop::sample::select(vec![1, 2, 5, 500]);
    let linger = prop::sample::select(vec![0, 100]);
    let steps = prop::collection::vec(step(), 5..60);
    (order, dispatch, 1..6_usize, max, linger, steps).prop_map(
        |(order, dispatch, parallelism, max, linger, steps)| Case {
            order,
            dispatch,
            parallelism,
            max,
            linger,
            steps,
        },
    )
}

async fn run(case: Case) -> Result<(), TestCaseError> {
    let mut rig = Rig::start(&case);
    for step in &case.steps {
        rig.step(step).await;
    }
    rig.finish().await;
    let _ = rig.commands.send(Command::Stop);
    let exit = tokio::time::timeout(Duration::from_secs(600), rig.running).await;
    prop_assert!(matches!(exit, Ok(Ok(Exit::Stopped(_)))), "{exit:?}");
    let world = rig.world.lock();
    prop_assert!(world.broken.is_empty(), "{:?}", world.broken);
    prop_assert_eq!(world.committed, world.ends, "not all came to an end");
    let all = (0..PARTITIONS).flat_map(|slot| {
        let records = 0..world.ends[slot as usize];
        let all = records.filter(move |at| brings_something(slot, *at));
        all.map(move |at| (slot, at))
    });
    prop_assert_eq!(&world.output, &all.collect::<BTreeSet<_>>());
    Ok(())
}

proptest! {
    #[test]
    fn whatever_happens_each_record_brings_about_its_output_once(case in case()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(case))?;
    }
}
