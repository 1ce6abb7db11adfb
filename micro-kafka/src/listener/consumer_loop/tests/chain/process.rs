//! A process that runs a listener with retry topics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::super::script::endpoint;
use super::super::seat::seat;
use super::broker::{FenceTopic, Publisher};
use super::fates::handler;
use super::source::ChainSource;
use super::{ATTEMPTS, LoopId, PARTITIONS, SOURCE, Shared, Tp};
use crate::client::{Slot, TopicPartition};
use crate::clock::Clock;
use crate::config::{RetrySettings, RetryTopicSettings};
use crate::error::{
    Action, BackOff, Fences, RetryOrder, RetryTopicErrorHandler, RetryTopicPolicy,
    RetryTopicRecoverer, RetryTopics,
};
use crate::listener::command::Command;
use crate::listener::consumer_loop::{ConsumerLoop, Exit};
use crate::listener::tests::support::{Kept, Retries, deps};
use crate::listener::{ContainerDeps, ListenerContext, ListenerEndpoint, Order, States};
use crate::template::KafkaTemplate;

/// The topics that a loop may be given, in the order of its slots.
fn topics(retries: bool) -> Vec<String> {
    match retries {
        false => vec![SOURCE.to_owned()],
        true => ["t-retry-1000", "t-retry-5000", "t-retry-ordered"]
            .map(str::to_owned)
            .into(),
    }
}

/// All that may be assigned to such a loop.
pub(super) fn all(retries: bool) -> Vec<Tp> {
    let topics = topics(retries).into_iter();
    let partitions = |topic: String| (0..PARTITIONS).map(move |number| (topic.clone(), number));
    topics.flat_map(partitions).collect()
}

pub(super) fn slot(tp: &Tp, retries: bool) -> Slot {
    let at = all(retries).iter().position(|it| it == tp).unwrap();
    u32::try_from(at).unwrap()
}

pub(super) fn retry_topics(ordered: bool) -> Arc<RetryTopics> {
    let settings = RetryTopicSettings {
        attempts: Some(ATTEMPTS),
        backoff: Some(BackOff::Exponential {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(60),
            multiplier: 5.0,
        }),
        order: ordered.then_some(RetryOrder::Key),
        max_fenced_keys: Some(2),
        ..RetryTopicSettings::default()
    };
    let policy = RetryTopicPolicy::new(&settings, &RetrySettings::default());
    let topics = RetryTopics::new("test".into(), policy, &[SOURCE.to_owned()], "g", None);
    Arc::new(topics.unwrap())
}

/// One of the two loops.
struct Running {
    commands: mpsc::UnboundedSender<Command>,
    task: JoinHandle<Exit>,
}

pub(super) struct Process {
    number: usize,
    world: Shared,
    main: Running,
    reader: Running,
    pub(super) fences: Option<Arc<Fences>>,
}

impl Process {
    pub(super) fn start(number: usize, world: &Shared, clock: &Clock, order: Order) -> Self {
        let topics = retry_topics(world.lock().ordered);
        let fences = topics.is_ordered().then(|| {
            let lag = Duration::from_millis(3 + 4 * u64::try_from(number).unwrap());
            let log = FenceTopic {
                world: Arc::clone(world),
                lag,
            };
            Fences::new(log, clock.clone(), topics.policy().max_fenced_keys)
        });
        let deps = dependencies(world, &topics, clock, fences.as_ref());
        let main = run((number, false), world, &topics, &deps, order);
        let order = match topics.is_ordered() {
            true => Order::Key,
            false => Order::None,
        };
        let reader = run((number, true), world, &topics, &deps, order);
        Self {
            number,
            world: Arc::clone(world),
            main,
            reader,
            fences,
        }
    }

    pub(super) fn of(&self, retries: bool) -> LoopId {
        (self.number, retries)
    }

    fn both(&self) -> [&Running; 2] {
        [&self.main, &self.reader]
    }

    pub(super) async fn turns(&self, count: u8) {
        for _ in 0..count {
            for running in self.both() {
                let (answer, answered) = oneshot::channel();
                if running.commands.send(Command::Progress(answer)).is_ok() {
                    let _ = answered.await;
                }
            }
        }
    }

    /// All that it knew is gone; what is on the broker stays.
    pub(super) async fn crash(self) {
        for running in [self.main, self.reader] {
            running.task.abort();
            let ended = running.task.await;
            assert!(ended.is_err_and(|error| error.is_cancelled()));
        }
        let mut world = self.world.lock();
        world.disturbed = true;
        world
            .owners
            .retain(|_, (process, _)| *process != self.number);
        world.ears.retain(|(process, _), _| *process != self.number);
    }

    pub(super) async fn stop(self) -> [Exit; 2] {
        for running in self.both() {
            let _ = running.commands.send(Command::Stop);
        }
        [
            self.main.task.await.unwrap(),
            self.reader.task.await.unwrap(),
        ]
    }
}

fn dependencies(
    world: &Shared,
    topics: &Arc<RetryTopics>,
    clock: &Clock,
    fences: Option<&Arc<Fences>>,
) -> ContainerDeps {
    let unused = Retries {
        attempts: 1,
        delay: Duration::ZERO,
        last: Action::Stop,
    };
    let kafka = KafkaTemplate::recording(Arc::new(Publisher(Arc::clone(world))));
    let recoverer = RetryTopicRecoverer::new(&kafka, Arc::clone(topics), clock.clone());
    ContainerDeps {
        error_handler: Arc::new(RetryTopicErrorHandler::new(Arc::clone(topics))),
        recoverer: Arc::new(recoverer.fencing(fences.cloned())),
        fences: fences.cloned(),
        ..deps(clock.clone(), unused, &Kept::failing(0))
    }
}

fn run(
    id: LoopId,
    world: &Shared,
    topics: &Arc<RetryTopics>,
    deps: &ContainerDeps,
    order: Order,
) -> Running {
    let retries = id.1;
    let endpoint = ListenerEndpoint {
        order,
        parallelism: Some(4),
        // So few that those parked fill it.
        max_uncommitted: if retries { 6 } else { 20 },
        revoke_drain: Duration::from_millis(200),
        shutdown_timeout: Duration::from_millis(200),
        retry_topics: Some(Arc::clone(topics)),
        reads_retries: retries,
        ..endpoint(handler(world, topics, &deps.clock))
    };
    let mut seat = seat(endpoint, deps.clone());
    seat.listener = Arc::new(ListenerContext {
        id: "test".into(),
        group_id: "g".into(),
        namespace: "".into(),
        states: Arc::new(States::default()),
        send_to: None,
        info: None,
        retry_topics: Some(Arc::clone(topics)),
    });
    let signal = Arc::clone(&world.lock().ears.entry(id).or_default().signal);
    let names = all(retries);
    let source = ChainSource {
        world: Arc::clone(world),
        id,
        signal,
        names: names
            .iter()
            .map(|(topic, partition)| TopicPartition::new(topic, *partition))
            .collect(),
        positions: BTreeMap::new(),
    };
    let (commands, mut receiver) = mpsc::unbounded_channel();
    let task =
        tokio::spawn(async move { ConsumerLoop::new(&seat, source, &mut receiver).run().await });
    Running { commands, task }
}
