//! Each record ends once, done or as a dead letter, unless it comes again; its attempts are the
//! policy's; none comes before its time, and none is committed before its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use proptest::prelude::*;

use super::fates::fate;
use super::process::Process;
use super::{Origin, PARTITIONS, SOURCE, Shared, Tp, World};
use crate::client::SourceEvent;
use crate::clock::Clock;
use crate::config::{RetrySettings, RetryTopicSettings};
use crate::error::{BackOff, RetryTopicPolicy, RetryTopics};
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
        4 => (0..16_usize, 0..PROCESSES, any::<bool>())
            .prop_map(|(which, to, lost)| Step::Move(which, to, lost)),
        1 => (1..4_u32).prop_map(Step::Refuse),
        1 => (1..3_u32).prop_map(Step::Unanswered),
        1 => any::<bool>().prop_map(Step::Away),
        1 => (0..PROCESSES).prop_map(Step::Crash),
        6 => Just(Step::Later),
        6 => (1..6_u8).prop_map(Step::Turn),
    ]
}

/// What a listener asks for.
#[derive(Debug, Clone)]
struct Policy {
    attempts: u32,
    growing: bool,
    jitter: bool,
    order: Order,
}

fn policy() -> impl Strategy<Value = Policy> {
    let orders = vec![Order::Partition, Order::Key, Order::None];
    let drawn = (
        3..6_u32,
        any::<bool>(),
        any::<bool>(),
        prop::sample::select(orders),
    );
    drawn.prop_map(|(attempts, growing, jitter, order)| Policy {
        attempts,
        growing,
        jitter,
        order,
    })
}

impl Policy {
    fn topics(&self) -> Arc<RetryTopics> {
        let second = Duration::from_secs(1);
        let settings = RetryTopicSettings {
            attempts: Some(self.attempts),
            backoff: Some(match self.growing {
                true => BackOff::Exponential {
                    initial: second,
                    max: 60 * second,
                    multiplier: 5.0,
                },
                false => BackOff::Fixed(second),
            }),
            jitter: self.jitter.then_some(0.3),
            ..RetryTopicSettings::default()
        };
        let policy = RetryTopicPolicy::new(&settings, &RetrySettings::default());
        let topics = RetryTopics::new("test".into(), policy, &[SOURCE.to_owned()], "g", None);
        Arc::new(topics.unwrap())
    }
}

struct Rig {
    world: Shared,
    clock: Clock,
    order: Order,
    processes: Vec<Process>,
    /// Every partition that is read, and whether it is a retry topic's.
    partitions: Vec<(Tp, bool)>,
}

impl Rig {
    async fn start(policy: &Policy) -> Self {
        let world = World::new(policy.topics());
        let of = |retries: bool| {
            let all = world.partitions(retries).into_iter();
            all.map(move |tp| (tp, retries))
        };
        let partitions = of(false).chain(of(true)).collect();
        let world = Arc::new(Mutex::new(world));
        let clock = Clock::manual();
        let order = policy.order;
        let start = |number| Process::start(number, &world, &clock, order);
        let processes = (0..PROCESSES).map(start).collect();
        let rig = Self {
            world,
            clock,
            order,
            processes,
            partitions,
        };
        rig.place_all().await;
        rig
    }

    /// Gives whatever nobody reads to somebody.
    async fn place_all(&self) {
        for (at, (tp, retries)) in self.partitions.iter().enumerate() {
            if !self.world.lock().owners.contains_key(tp) {
                self.give(tp, *retries, at % PROCESSES).await;
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
        let slot = self.world.lock().slot(tp, retries);
        self.event(to, retries, SourceEvent::Assign(vec![slot]));
        while self.world.lock().owners.get(tp) != Some(&(to, retries)) {
            self.turns(1).await;
        }
    }

    async fn give_elsewhere(&self, which: usize, to: usize, lost: bool) {
        let (tp, retries) = self.partitions[which % self.partitions.len()].clone();
        let owner = self.world.lock().owners.get(&tp).copied();
        let Some((from, _)) = owner.filter(|(from, _)| *from != to) else {
            return;
        };
        let slots = {
            let mut world = self.world.lock();
            // What lies beyond an unfinished record comes again.
            world.disturbed = true;
            vec![world.slot(&tp, retries)]
        };
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
        self.processes.remove(number).crash().await;
        let next = Process::start(number, &self.world, &self.clock, self.order);
        self.processes.insert(number, next);
        self.place_all().await;
    }

    fn produce(&self, partition: i32, count: u8) {
        let mut world = self.world.lock();
        for _ in 0..count {
            let offset = world.end(&(SOURCE.to_owned(), partition));
            let mut record = OwnedRecord::new(SOURCE, partition, offset);
            record.key = (offset % 4 > 0).then(|| format!("k{}", offset % 4).into_bytes());
            record.timestamp = Timestamp::CreateTime(0);
            world.append(record);
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Produce(partition, count) => self.produce(*partition, *count),
            Step::Move(which, to, lost) => self.give_elsewhere(*which, *to, *lost).await,
            Step::Refuse(count) => self.world.lock().refused += count,
            Step::Unanswered(count) => self.world.lock().unanswered += count,
            Step::Away(away) => self.world.lock().away = *away,
            Step::Crash(number) => self.crash(*number).await,
            Step::Later => self.later(),
            Step::Turn(count) => self.turns(*count).await,
        }
    }

    /// What is not committed yet.
    fn open(&self) -> Vec<String> {
        let world = self.world.lock();
        let partitions = self.partitions.iter();
        let open = partitions.filter_map(|(tp, _)| {
            let end = world.end(tp);
            let committed = world.committed.get(tp).copied().unwrap_or(0);
            (committed < end).then(|| format!("{tp:?}: {committed} of {end}"))
        });
        open.collect()
    }

    /// Lets everything come to its end.
    async fn finish(&self) -> Result<(), TestCaseError> {
        self.world.lock().away = false;
        for _ in 0..20_000 {
            self.turns(2).await;
            if self.open().is_empty() {
                return Ok(());
            }
            self.later();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (open, broken) = (self.open(), self.world.lock().broken.clone());
        let text = format!("not all came to an end: {open:?}, {broken:?}");
        Err(TestCaseError::fail(text))
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let world = self.world.lock();
        prop_assert!(world.broken.is_empty(), "{:?}", world.broken);
        let most = world.topics.policy().attempts;
        for partition in 0..PARTITIONS {
            for offset in 0..world.end(&(SOURCE.to_owned(), partition)) {
                let origin: Origin = (partition, offset);
                let of = |all: &BTreeMap<Origin, u32>| all.get(&origin).copied().unwrap_or(0);
                let (done, letters) = (of(&world.done), of(&world.letters));
                let fate = fate(origin);
                let ended = (done > 0, letters > 0);
                prop_assert_eq!(ended, (!fate.is_dead(), fate.is_dead()), "{:?}", origin);
                let attempts = &world.attempts[&origin];
                let last = attempts.iter().max().copied();
                prop_assert_eq!(last, Some(fate.attempts(most)), "{:?}", origin);
                if !world.disturbed {
                    prop_assert_eq!(done + letters, 1, "{:?}", origin);
                }
            }
        }
        Ok(())
    }
}

async fn run(policy: Policy, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut rig = Rig::start(&policy).await;
    for step in &steps {
        rig.step(step).await;
    }
    rig.finish().await?;
    rig.check()?;
    for process in rig.processes {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_retries_lose_nothing_and_keep_their_time(
        policy in policy(),
        steps in prop::collection::vec(step(), 5..60),
    ) {
        in_virtual_time(run(policy, steps))?;
    }
}
