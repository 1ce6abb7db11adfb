//! Keys keep their order, nothing runs twice at once, and no commit goes beyond a record that has
//! not come to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::{Semaphore, oneshot};

use super::{Driver, Move, Notes, Shared, drawn, endpoint, in_virtual_time, moves, seat, slots};
use crate::client::Slot;
use crate::clock::Clock;
use crate::error::Action;
use crate::listener::command::Command;
use crate::listener::pauses::Pauses;
use crate::listener::seek::SeekRequest;
use crate::listener::tests::support::{Kept, Retries, deps, failure};
use crate::listener::{
    AckMode, Delivery, Dispatch, Finished, Handler, ListenerEndpoint, Order, SeekTo, Target,
};

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

const FATES: [Fate; 8] = [
    Fate::Done,
    Fate::Waits,
    Fate::Done,
    Fate::Yields,
    Fate::FailsOnce,
    Fate::Waits,
    Fate::Fails,
    Fate::Panics,
];

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Move(Move),
    Release(usize),
    Pause(Slot),
    Resume(Slot),
    Seek(Slot, i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        18 => moves().prop_map(Step::Move),
        4 => (1..4_usize).prop_map(Step::Release),
        1 => slots().prop_map(Step::Pause),
        1 => slots().prop_map(Step::Resume),
        1 => (slots(), 0..20_i64).prop_map(|(slot, offset)| Step::Seek(slot, offset)),
    ]
}

type Place = (Slot, Option<String>);

#[derive(Debug, Default)]
struct Runs {
    /// Attempts of records that panic or fail once.
    tried: BTreeSet<(Slot, i64)>,
    running: BTreeSet<Place>,
    /// The last record of each key that was begun for the first time in this assignment.
    last: BTreeMap<Place, i64>,
}

impl Notes for Runs {
    fn key(offset: i64) -> Option<String> {
        let number = (offset * 3 + offset / 5) % (KEYS + 1);
        (number < KEYS).then(|| format!("k{number}"))
    }

    fn begins(&mut self, slot: Slot) {
        self.last.retain(|(of, _), _| *of != slot);
    }
}

/// One run of a handler, until it ends or is dropped.
struct Run {
    world: Shared<Runs>,
    place: Place,
}

impl Run {
    fn begin(world: &Shared<Runs>, order: Order, slot: Slot, offset: i64, attempt: u32) -> Self {
        let lane = match order {
            Order::Partition => None,
            Order::Key => Runs::key(offset),
            Order::None | Order::KeyIfAny => Some(format!("record {offset}")),
        };
        let place = (slot, lane);
        let mut state = world.lock();
        if !state.notes.running.insert(place.clone()) {
            state
                .broken
                .push(format!("{place:?} runs twice at once, at {offset}"));
        }
        let first = attempt == 1 && !state.notes.tried.contains(&(slot, offset));
        if let Some(last) = state.notes.last.insert(place.clone(), offset)
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
        self.world.lock().notes.running.remove(&self.place);
    }
}

fn handler(world: &Shared<Runs>, gate: &Arc<Semaphore>, order: Order) -> Handler {
    let (world, gate) = (Arc::clone(world), Arc::clone(gate));
    Handler::Closure(Arc::new(move |delivery: Delivery| {
        let (world, gate) = (Arc::clone(&world), Arc::clone(&gate));
        Box::pin(async move {
            let slot = delivery.record().partition().cast_unsigned();
            let offset = delivery.record().offset();
            let run = Run::begin(&world, order, slot, offset, delivery.attempt());
            let fate = drawn(&FATES, slot, offset);
            let again = !world.lock().notes.tried.insert((slot, offset));
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
    driver: Driver<Runs>,
    gate: Arc<Semaphore>,
    pauses: Arc<Pauses>,
}

impl Rig {
    fn start(case: &Case) -> Self {
        let (world, gate) = (Shared::default(), Arc::new(Semaphore::new(0)));
        let errors = Retries {
            attempts: 2,
            delay: Duration::from_secs(5),
            last: Action::Skip,
        };
        let endpoint = ListenerEndpoint {
            order: case.order,
            dispatch: case.dispatch,
            ack_mode: case.ack_mode,
            parallelism: Some(case.parallelism),
            max_uncommitted: 12,
            revoke_drain: Duration::from_millis(200),
            shutdown_timeout: Duration::from_millis(200),
            ..endpoint(handler(&world, &gate, case.order))
        };
        let seat = seat(endpoint, deps(Clock::manual(), errors, &Kept::failing(0)));
        let pauses = Arc::clone(&seat.pauses);
        Self {
            driver: Driver::start(&world, seat),
            gate,
            pauses,
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Move(what) => self.driver.make(what).await,
            Step::Release(count) => self.gate.add_permits(*count),
            Step::Pause(slot) => {
                self.pauses.pause(&target(*slot));
                self.driver.tell(Command::Paused);
            }
            Step::Resume(slot) => self.resume(&target(*slot)),
            Step::Seek(slot, offset) => self.seek(*slot, *offset).await,
        }
    }

    fn resume(&self, target: &Target) {
        self.pauses.resume(target);
        self.driver.tell(Command::Paused);
    }

    /// A seek makes what is before its place ended, and what is behind it open.
    async fn seek(&mut self, slot: Slot, offset: i64) {
        let driver = &self.driver;
        if !driver.assigned[slot as usize] {
            return;
        }
        let offset = offset.min(driver.world.lock().ends[slot as usize]);
        let (answer, mut answered) = oneshot::channel();
        driver.world.lock().sought.insert(slot);
        // Asked in the moment in which nothing of the partition is at work any more.
        let to = SeekTo::Offset(offset);
        driver.tell(Command::Seek(SeekRequest {
            target: target(slot),
            to,
            answer,
        }));
        driver.world.lock().ended[slot as usize].extend(0..offset);
        while answered.try_recv().is_err() && !driver.running.is_finished() {
            self.gate.add_permits(1);
            driver.turns(1).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn target(slot: Slot) -> Target {
    Target::Partition("t".to_owned(), slot.cast_signed())
}

async fn run(case: Case) -> Result<(), TestCaseError> {
    let mut rig = Rig::start(&case);
    for step in &case.steps {
        rig.step(step).await;
    }
    if !case.stops {
        rig.resume(&Target::All);
        rig.gate.add_permits(100_000);
        rig.driver.finish(|_| ()).await;
    }
    rig.driver.stop(!case.stops).await.map(drop)
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
        in_virtual_time(run(case))?;
    }
}

/// Found by chance: what a seek back makes open is not done because it was committed before.
#[test]
fn what_a_seek_back_opens_comes_to_its_end_again() {
    let steps = vec![
        Step::Move(Move::Produce(0, 9)),
        Step::Move(Move::Assign(0)),
        Step::Seek(0, 8),
        Step::Move(Move::Later),
        Step::Seek(0, 9),
        Step::Seek(0, 0),
    ];
    let case = Case {
        order: Order::Key,
        dispatch: Dispatch::Inline,
        ack_mode: AckMode::CountTime,
        parallelism: 1,
        stops: false,
        steps,
    };
    in_virtual_time(run(case)).unwrap();
}
