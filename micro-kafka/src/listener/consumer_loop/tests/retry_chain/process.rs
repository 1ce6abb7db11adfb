//! A process that runs a listener with retry topics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::super::script::endpoint;
use super::super::seat::seat;
use super::fates::handler;
use super::publisher::Publisher;
use super::source::ChainSource;
use super::{LoopId, Shared};
use crate::client::TopicPartition;
use crate::clock::Clock;
use crate::error::{Action, RetryTopicErrorHandler, RetryTopicRecoverer};
use crate::listener::command::Command;
use crate::listener::consumer_loop::{ConsumerLoop, Exit};
use crate::listener::tests::support::{Kept, Retries, deps};
use crate::listener::{ContainerDeps, ListenerContext, ListenerEndpoint, Order, States};
use crate::template::KafkaTemplate;

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
}

impl Process {
    /// `order` is the listener's; its retries have none.
    pub(super) fn start(number: usize, world: &Shared, clock: &Clock, order: Order) -> Self {
        let deps = dependencies(world, clock);
        Self {
            number,
            world: Arc::clone(world),
            main: run((number, false), world, &deps, order),
            reader: run((number, true), world, &deps, Order::None),
        }
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
        let number = self.number;
        world.owners.retain(|_, (process, _)| *process != number);
        world.ears.retain(|(process, _), _| *process != number);
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

fn dependencies(world: &Shared, clock: &Clock) -> ContainerDeps {
    let unused = Retries {
        attempts: 1,
        delay: Duration::ZERO,
        last: Action::Stop,
    };
    let topics = Arc::clone(&world.lock().topics);
    let kafka = KafkaTemplate::recording(Arc::new(Publisher(Arc::clone(world))));
    let recoverer = RetryTopicRecoverer::new(&kafka, Arc::clone(&topics), clock.clone());
    ContainerDeps {
        error_handler: Arc::new(RetryTopicErrorHandler::new(topics)),
        recoverer: Arc::new(recoverer),
        ..deps(clock.clone(), unused, &Kept::failing(0))
    }
}

fn run(id: LoopId, world: &Shared, deps: &ContainerDeps, order: Order) -> Running {
    let retries = id.1;
    let (topics, names, signal) = {
        let mut world = world.lock();
        let signal = Arc::clone(&world.ears.entry(id).or_default().signal);
        (Arc::clone(&world.topics), world.partitions(retries), signal)
    };
    let endpoint = ListenerEndpoint {
        order,
        parallelism: Some(4),
        // So few that those that wait fill it.
        max_uncommitted: if retries { 6 } else { 20 },
        revoke_drain: Duration::from_millis(200),
        shutdown_timeout: Duration::from_millis(200),
        retry_topics: Some(Arc::clone(&topics)),
        reads_retries: retries,
        ..endpoint(handler(world, &deps.clock))
    };
    let mut seat = seat(endpoint, deps.clone());
    seat.listener = Arc::new(ListenerContext {
        id: "test".into(),
        group_id: "g".into(),
        namespace: "".into(),
        states: Arc::new(States::default()),
        send_to: None,
        info: None,
        retry_topics: Some(topics),
    });
    let names = names.iter();
    let source = ChainSource {
        world: Arc::clone(world),
        id,
        signal,
        names: names
            .map(|(topic, partition)| TopicPartition::new(topic, *partition))
            .collect(),
        positions: BTreeMap::new(),
    };
    let (commands, mut receiver) = mpsc::unbounded_channel();
    let task =
        tokio::spawn(async move { ConsumerLoop::new(&seat, source, &mut receiver).run().await });
    Running { commands, task }
}
