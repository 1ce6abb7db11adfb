//! Each transaction that the broker takes holds exactly what the records between the committed
//! offset and its own bring about.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::Semaphore;

use super::{
    Driver, Move, Notes, PARTITIONS, Shared, World, drawn, endpoint, in_virtual_time, moves, seat,
};
use crate::client::{ErrorCode, Slot};
use crate::clock::Clock;
use crate::error::Action;
use crate::listener::tests::support::{Kept, Retries, deps, failure};
use crate::listener::transactional::{Answer, Failed, Job, TransactionLine};
use crate::listener::{
    Delivery, Dispatch, Finished, Handler, ListenerEndpoint, Order, TransactionSpec,
};
use crate::record::OwnedRecord;
use crate::template::{
    KafkaTemplate, Postage, Recorder, SendError, SendResult, StagedTransaction, TransactionError,
};

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

const FATES: [Fate; 11] = [
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

fn fate(slot: Slot, offset: i64) -> Fate {
    drawn(&FATES, slot, offset)
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
    Move(Move),
    Release(usize),
    End(End),
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        8 => Just(End::Committed),
        2 => Just(End::Aborted),
        1 => Just(End::CommittedSilently),
        1 => Just(End::AbortedSilently),
    ];
    prop_oneof![
        18 => moves().prop_map(Step::Move),
        4 => (1..4_usize).prop_map(Step::Release),
        8 => end.prop_map(Step::End),
    ]
}

#[derive(Debug, Default)]
struct Outputs {
    /// Grows whenever partitions change hands.
    generation: u32,
    /// The generation of each transaction that was handed over, in order.
    handed: VecDeque<u32>,
    output: BTreeSet<(Slot, i64)>,
    tried: BTreeSet<(Slot, i64)>,
}

impl Notes for Outputs {
    const TRANSACTIONAL: bool = true;

    fn key(offset: i64) -> Option<String> {
        Some(format!("k{}", offset % 3))
    }

    fn changes_hands(&mut self) {
        self.generation += 1;
    }

    fn group_is_told(&mut self) {
        self.handed.push_back(self.generation);
    }
}

impl World<Outputs> {
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
            if !self.notes.output.insert(output) {
                self.broken.push(format!("{output:?} twice"));
            }
        }
    }
}

fn handler(world: &Shared<Outputs>, gate: &Arc<Semaphore>) -> Handler {
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
            let again = !world.lock().notes.tried.insert((slot, offset));
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
    driver: Driver<Outputs>,
    gate: Arc<Semaphore>,
    jobs: Jobs,
}

/// The thread beside the loop, which makes one transaction after the other.
struct Jobs {
    jobs: Receiver<Job>,
    failed_era: u64,
}

impl Rig {
    fn start(case: &Case) -> Self {
        let (world, gate) = (Shared::default(), Arc::new(Semaphore::new(0)));
        let errors = Retries {
            attempts: 2,
            delay: Duration::from_secs(5),
            last: Action::Skip,
        };
        let spec = TransactionSpec {
            max: case.max,
            linger: Duration::from_millis(case.linger),
            ..TransactionSpec::default()
        };
        let postage = Postage::of(&KafkaTemplate::recording(Arc::new(Nowhere)));
        let (line, jobs) = TransactionLine::new(spec.clone(), postage);
        let endpoint = ListenerEndpoint {
            order: case.order,
            dispatch: case.dispatch,
            parallelism: Some(case.parallelism),
            max_uncommitted: 12,
            revoke_drain: Duration::from_millis(200),
            shutdown_timeout: Duration::from_millis(200),
            transaction: Some(spec),
            ..endpoint(handler(&world, &gate))
        };
        let mut seat = seat(endpoint, deps(Clock::manual(), errors, &Kept::failing(0)));
        seat.transactions = Some(Arc::new(line));
        Self {
            driver: Driver::start(&world, seat),
            gate,
            jobs: Jobs {
                jobs,
                failed_era: 0,
            },
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Move(what) => self.driver.make(what).await,
            Step::Release(count) => self.gate.add_permits(*count),
            Step::End(end) => self.jobs.end(&self.driver.world, *end),
        }
    }
}

impl Jobs {
    /// Makes the next transaction that was handed over.
    fn end(&mut self, world: &Shared<Outputs>, end: End) {
        let Ok(job) = self.jobs.try_recv() else {
            return;
        };
        let mut world = world.lock();
        let generation = world.notes.handed.pop_front().unwrap();
        let id: Arc<str> = "tx".into();
        let spoilt = |job: &Job| {
            job.transaction
                .records
                .iter()
                .any(|it| it.record.topic == "spoilt")
        };
        let result = if job.era <= self.failed_era {
            Err(Failed::Superseded)
        } else if generation != world.notes.generation {
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
    rig.gate.add_permits(100_000);
    let Rig {
        mut driver,
        mut jobs,
        ..
    } = rig;
    let commit = |driver: &mut Driver<_>| jobs.end(&driver.world, End::Committed);
    driver.finish(commit).await;
    let world = driver.stop(true).await?;
    let world = world.lock();
    let all = (0..PARTITIONS).flat_map(|slot| {
        let records = 0..world.ends[slot as usize];
        let all = records.filter(move |at| brings_something(slot, *at));
        all.map(move |at| (slot, at))
    });
    prop_assert_eq!(&world.notes.output, &all.collect::<BTreeSet<_>>());
    Ok(())
}

proptest! {
    #[test]
    fn whatever_happens_each_record_brings_about_its_output_once(case in case()) {
        in_virtual_time(run(case))?;
    }
}
