//! Each record ends once, its attempts are the policy's, none comes before its time; with an order,
//! no record of a key begins before the end of those before it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::fates::{fate, key};
use super::process::{Process, all, slot};
use super::{Origin, PARTITIONS, SOURCE, Shared, Tp, World};
use crate::client::SourceEvent;
use crate::clock::Clock;
use crate::listener::Order;
use crate::listener::consumer_loop::Exit;
use crate::record::{OwnedRecord, Timestamp};

const PROCESSES: usize = 2;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Produce(i32, u8),
    /// A partition goes to a process, given up by another one or lost by it; by its number among
    /// all.
    Move(usize, usize, bool),
    Refuse(u32),
    /// The next publishes are stored, but whoever publishes hears of an error.
    Unanswered(u32),
    Away(bool),
    Crash(usize),
    Later,
    Turn(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..PARTITIONS, 1..10_u8).prop_map(|(number, count)| Step::Produce(number, count)),
        4 => (0..8_usize, 0..PROCESSES, any::<bool>())
            .prop_map(|(which, to, lost)| Step::Move(which, to, lost)),
        1 => (1..4_u32).prop_map(Step::Refuse),
        1 => (1..3_u32).prop_map(Step::Unanswered),
        1 => any::<bool>().prop_map(Step::Away),
        1 => (0..PROCESSES).prop_map(Step::Crash),
        6 => Just(Step::Later),
        6 => (1..6_u8).prop_map(Step::Turn),
    ]
}

struct Rig {
    world: Shared,
    clock: Clock,
    order: Order,
    processes: Vec<Process>,
}

/// Every partition that is read, by whichever loop.
fn partitions() -> Vec<(Tp, bool)> {
    let of = |retries: bool| all(retries).into_iter().map(move |tp| (tp, retries));
    of(false).chain(of(true)).collect()
}

impl Rig {
    async fn start(ordered: bool, order: Order) -> Self {
        let world = Shared::default();
        world.lock().ordered = ordered;
        let clock = Clock::manual();
        let start = |number| Process::start(number, &world, &clock, order);
        let processes = (0..PROCESSES).map(start).collect();
        let mut rig = Self {
            world,
            clock,
            order,
            processes,
        };
        rig.place_all().await;
        rig
    }

    /// Gives whatever nobody reads to somebody.
    async fn place_all(&mut self) {
        for (at, (tp, retries)) in partitions().into_iter().enumerate() {
            if !self.world.lock().owners.contains_key(&tp) {
                self.give(&tp, retries, at % PROCESSES).await;
            }
        }
    }

    fn event(&self, process: usize, retries: bool, event: SourceEvent) {
        let mut world = self.world.lock();
        let ears = world.ears.entry((process, retries)).or_default();
        ears.events.push(event);
        ears.signal.raise();
    }

    async fn give(&self, tp: &Tp, retries: bool, to: usize) {
        let id = self.processes[to].of(retries);
        self.event(to, retries, SourceEvent::Assign(vec![slot(tp, retries)]));
        while self.world.lock().owners.get(tp) != Some(&id) {
            self.turns(1).await;
        }
    }

    async fn give_elsewhere(&mut self, which: usize, to: usize, lost: bool) {
        let (tp, retries) = partitions().swap_remove(which);
        let owner = self.world.lock().owners.get(&tp).copied();
        let Some((from, _)) = owner.filter(|(from, _)| *from != to) else {
            return;
        };
        let slots = vec![slot(&tp, retries)];
        // What lies beyond an unfinished record comes again.
        self.world.lock().disturbed = true;
        self.event(from, retries, SourceEvent::Revoke { slots, lost });
        while self.world.lock().owners.contains_key(&tp) {
            self.turns(1).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.give(&tp, retries, to).await;
    }

    async fn turns(&self, count: u8) {
        for process in &self.processes {
            process.turns(count).await;
        }
    }

    fn later(&self) {
        if let Some(due) = self.clock.next_due() {
            self.clock.advance_to(due);
        }
    }

    async fn crash(&mut self, number: usize) {
        let next = |it: &Self| Process::start(number, &it.world, &it.clock, it.order);
        let dead = self.processes.remove(number);
        dead.crash().await;
        self.world.lock().compact();
        let next = next(self);
        self.processes.insert(number, next);
        self.place_all().await;
    }

    fn produce(&self, partition: i32, count: u8) {
        let mut world = self.world.lock();
        for _ in 0..count {
            let tp = (SOURCE.to_owned(), partition);
            let mut record = OwnedRecord::new(SOURCE, partition, world.end(&tp));
            record.key = key((partition, record.offset)).map(String::into_bytes);
            record.timestamp = Timestamp::CreateTime(0);
            world.append(record);
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Produce(partition, count) => self.produce(*partition, *count),
            Step::Move(which, to, lost) => self.give_elsewhere(*which, *to, *lost).await,
            Step::Refuse(count) => {
                let mut world = self.world.lock();
                world.refused += count;
            }
            Step::Unanswered(count) => self.world.lock().unanswered += count,
            Step::Away(away) => {
                let mut world = self.world.lock();
                world.away = *away;
            }
            Step::Crash(number) => self.crash(*number).await,
            Step::Later => self.later(),
            Step::Turn(count) => self.turns(*count).await,
        }
    }

    /// Lets everything come to its end.
    async fn finish(&mut self) -> Result<(), TestCaseError> {
        self.world.lock().away = false;
        for _ in 0..20_000 {
            self.turns(2).await;
            if self.all_committed() {
                return Ok(());
            }
            self.later();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let world = self.world.lock();
        let open = partitions().into_iter().filter_map(|(tp, _)| {
            let (end, committed) = (world.end(&tp), world.committed.get(&tp));
            (committed.copied().unwrap_or(0) < end)
                .then(|| format!("{tp:?}: {committed:?} of {end}"))
        });
        let open: Vec<_> = open.collect();
        Err(TestCaseError::fail(format!(
            "not all came to an end: {open:?}, {:?}",
            world.broken
        )))
    }

    fn all_committed(&self) -> bool {
        let world = self.world.lock();
        partitions().iter().all(|(tp, _)| {
            let committed = world.committed.get(tp).copied().unwrap_or(0);
            committed == world.end(tp)
        })
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let world = self.world.lock();
        prop_assert!(world.broken.is_empty(), "{:?}", world.broken);
        for partition in 0..PARTITIONS {
            for offset in 0..world.end(&(SOURCE.to_owned(), partition)) {
                let origin: Origin = (partition, offset);
                let of = |all: &BTreeMap<Origin, u32>| all.get(&origin).copied().unwrap_or(0);
                let (done, letters) = (of(&world.done), of(&world.letters));
                let dead = fate(origin).is_dead();
                prop_assert_eq!((done > 0, letters > 0), (!dead, dead), "{:?}", origin);
                if !world.disturbed {
                    prop_assert_eq!(done + letters, 1, "{:?}", origin);
                    let attempts = world.attempts[&origin].last().copied();
                    prop_assert_eq!(attempts, Some(fate(origin).attempts()), "{:?}", origin);
                }
            }
            if world.ordered {
                in_order_at_last(&world, partition)?;
            }
        }
        Ok(())
    }
}

/// Records that came twice ended in their order, too: what a key has come to is what its last one says.
fn in_order_at_last(world: &World, partition: i32) -> Result<(), TestCaseError> {
    let mut last: BTreeMap<String, (usize, Origin)> = BTreeMap::new();
    for (origin, ended) in &world.ended {
        let Some(key) = key(*origin).filter(|_| origin.0 == partition) else {
            continue;
        };
        if let Some((before, other)) = last.insert(key, (*ended, *origin)) {
            prop_assert!(before < *ended, "{other:?} ended after {origin:?}");
        }
    }
    Ok(())
}

async fn run(ordered: bool, order: Order, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut rig = Rig::start(ordered, order).await;
    for step in &steps {
        rig.step(step).await;
    }
    rig.finish().await?;
    rig.check()?;
    for process in rig.processes {
        if let Some(fences) = &process.fences {
            let fences = Arc::clone(fences);
            fences.restored().await;
            prop_assert_eq!(fences.fenced_keys().count, 0);
        }
        for exit in process.stop().await {
            prop_assert!(matches!(exit, Exit::Stopped(_)), "{exit:?}");
        }
    }
    Ok(())
}

fn in_virtual_time<T>(case: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(case)
}

/// Few, unless more are asked for: `PROPTEST_CASES=3000`.
fn schedules() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let config = ProptestConfig::default();
    let cases = if asked { config.cases } else { 50 };
    ProptestConfig { cases, ..config }
}

proptest! {
    #![proptest_config(schedules())]

    #[test]
    fn whatever_fails_retries_lose_nothing_and_keep_their_time(
        order in prop::sample::select(vec![Order::Partition, Order::Key, Order::None]),
        steps in prop::collection::vec(step(), 5..60),
    ) {
        in_virtual_time(run(false, order, steps))?;
    }

    #[test]
    fn whatever_fails_ordered_retries_keep_the_order_of_keys(
        order in prop::sample::select(vec![Order::Partition, Order::Key]),
        steps in prop::collection::vec(step(), 5..80),
    ) {
        in_virtual_time(run(true, order, steps))?;
    }
}
