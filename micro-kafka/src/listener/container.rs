//! Runs one listener: Spring's `ConcurrentMessageListenerContainer`.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::RuntimeFlavor;
use tokio::sync::{mpsc, oneshot, watch};

use super::ConsumerLine;
use super::command::Command;
use super::consumer_loop::LoopSeat;
use super::duplicates::Duplicates;
use super::event::{ContainerEvent, Events};
use super::gate::Gate;
use super::health::ConsumerStatus;
use super::middleware::wrapped;
use super::pauses::Pauses;
use super::running::{Consumer, Running};
use super::stats::ListenerStats;
use super::throttle::Throttle;
use super::transactional::TransactionLine;
use super::watchdog;
use super::worker::Worker;
use super::{
    AssignedPartition, ContainerDeps, ContainerError, ContainerHealth, HealthReason,
    ListenerContext, ListenerEndpoint, PartitionProgress, StatsSnapshot, StopReport,
};
use crate::client::AnyClient;
use crate::template::{KafkaTemplate, Postage, StagedCommitter, random_prefix};

/// How long a consumer may take beyond `shutdown_timeout`: for a join that is under way, the last
/// commit and leaving the group, each of which has a limit of its own.
const LEAVE: Duration = Duration::from_secs(15);

/// Runs one listener: `concurrency` consumers of one group, each with a thread and a loop of its
/// own, its handlers on the shared runtime.
///
/// Dropped while it runs, it abandons what is in flight, leaves its group and blocks for as long as
/// that takes, at most 5 s.
#[derive(Debug)]
pub struct ListenerContainer {
    pub(super) endpoint: Arc<ListenerEndpoint>,
    pub(super) deps: ContainerDeps,
    pub(super) pauses: Arc<Pauses>,
    pub(super) events: Events,
    throttle: Option<Arc<Throttle>>,
    listener: Arc<ListenerContext>,
    stats: Arc<ListenerStats>,
    assignment: Arc<watch::Sender<Vec<AssignedPartition>>>,
    stopped_by: Arc<Mutex<Option<HealthReason>>>,
    running: Mutex<Option<Running>>,
}

impl ListenerContainer {
    /// A container that is not running yet.
    #[must_use]
    pub fn new(mut endpoint: ListenerEndpoint, deps: ContainerDeps) -> Self {
        let events = Events::default();
        let throttle = Throttle::of(&endpoint, &deps.clock, &events);
        let stats = Arc::<ListenerStats>::default();
        let duplicates = endpoint.idempotent.as_ref();
        let duplicates = duplicates.map(|_| Duplicates::new(&endpoint.id, &stats, &events));
        let (clock, layers) = (&deps.clock, &deps.layers);
        endpoint.handler = wrapped(&endpoint, clock, layers, throttle.as_ref(), duplicates);
        let listener = ListenerContext {
            id: Arc::clone(&endpoint.id),
            group_id: Arc::clone(&endpoint.group_id),
            namespace: Arc::clone(&deps.namespace),
            states: Arc::clone(&deps.states),
            send_to: endpoint.send_to.clone(),
            info: endpoint.info.clone(),
            retry_topics: endpoint.retry_topics.clone(),
        };
        Self {
            endpoint: Arc::new(endpoint.without_other_commits()),
            deps,
            pauses: Arc::default(),
            events,
            throttle,
            listener: Arc::new(listener),
            stats,
            assignment: Arc::new(watch::Sender::new(Vec::new())),
            stopped_by: Arc::default(),
            running: Mutex::default(),
        }
    }

    /// The listener as it runs.
    #[must_use]
    pub fn endpoint(&self) -> &ListenerEndpoint {
        &self.endpoint
    }

    /// Joins the group and begins to handle records. Does not wait for the assignment: see
    /// [`Self::assigned`]. A container that was stopped may be started again.
    ///
    /// # Errors
    /// If it is running, librdkafka refuses a property, or the runtime has one thread.
    pub fn start(&self) -> Result<(), ContainerError> {
        self.start_behind(&Gate::open()).map(drop)
    }

    /// Joins the group, and begins to handle records when the gate opens; leaves again if it never
    /// will. Returns the client of its first consumer, for requests until then.
    pub(crate) fn start_behind(&self, gate: &Gate) -> Result<Option<AnyClient>, ContainerError> {
        let listener = self.endpoint.id.to_string();
        if self.deps.runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            return Err(ContainerError::CurrentThreadRuntime { listener });
        }
        let mut running = self.running.lock();
        if running.as_ref().is_some_and(Running::is_alive) {
            return Err(ContainerError::AlreadyRunning { listener });
        }
        *self.stopped_by.lock() = None;
        let (stop_all, stop_requests) = mpsc::unbounded_channel();
        let mut consumers = Vec::new();
        let mut first = None;
        for number in 0..self.endpoint.concurrency.max(1) {
            match self.spawn(number, &stop_all, gate) {
                Ok((consumer, client)) => {
                    consumers.push(consumer);
                    first.get_or_insert(client);
                }
                Err(error) => {
                    Running::new(consumers, Vec::new()).abandon();
                    return Err(error);
                }
            }
        }
        let guards = self.guard(&consumers, stop_requests);
        *running = Some(Running::new(consumers, guards));
        self.events.tell(ContainerEvent::Started);
        tracing::info!(
            listener,
            group = &*self.endpoint.group_id,
            topics = ?self.endpoint.topics,
            consumers = self.endpoint.concurrency,
            "listener started"
        );
        Ok(first)
    }

    fn spawn(
        &self,
        number: u32,
        stop_all: &mpsc::UnboundedSender<HealthReason>,
        gate: &Gate,
    ) -> Result<(Consumer, AnyClient), ContainerError> {
        let transactions = self.transactions(number)?;
        let (commands, receiver) = mpsc::unbounded_channel();
        let status = Arc::new(ConsumerStatus::default());
        let worker = Worker {
            seat: LoopSeat {
                number,
                endpoint: Arc::clone(&self.endpoint),
                deps: self.deps.clone(),
                listener: Arc::clone(&self.listener),
                status: Arc::clone(&status),
                stats: Arc::clone(&self.stats),
                assignment: Arc::clone(&self.assignment),
                stop_all: stop_all.clone(),
                pauses: Arc::clone(&self.pauses),
                events: self.events.clone(),
                throttle: self.throttle.clone(),
                line: Some(ConsumerLine::new(
                    &self.pauses,
                    &self.events,
                    &commands,
                    &self.deps,
                )),
                transactions,
            },
            commands: receiver,
            properties: self.properties(number),
        };
        if let Some(throttle) = &self.throttle {
            throttle.register(commands.clone());
        }
        let consumer = worker.connect().map_err(|source| ContainerError::Client {
            listener: self.endpoint.id.to_string(),
            source,
        })?;
        let client = consumer.client();
        let (done, is_done) = watch::channel(None);
        let (end, ended) = std::sync::mpsc::channel();
        let runtime = self.deps.runtime.clone();
        let gate = gate.clone();
        let thread = std::thread::Builder::new()
            .name(format!("kafka-{}-{number}", self.endpoint.id))
            .spawn(move || {
                let report = runtime.block_on(async {
                    match gate.passed().await {
                        true => worker.run(consumer).await,
                        false => StopReport::default(),
                    }
                });
                done.send_replace(Some(report));
                let _ = end.send(());
            })
            .map_err(|source| ContainerError::Thread {
                listener: self.endpoint.id.to_string(),
                source,
            })?;
        let consumer = Consumer {
            commands,
            status,
            done: is_done,
            ended,
            thread,
        };
        Ok((consumer, client))
    }

    /// The way to the transactions of one consumer, if the listener is transactional. Its ids are
    /// taken over from whoever had them while the consumer joins.
    fn transactions(&self, number: u32) -> Result<Option<Arc<TransactionLine>>, ContainerError> {
        let Some(spec) = &self.endpoint.transaction else {
            return Ok(None);
        };
        let listener = || self.endpoint.id.to_string();
        let kafka = self.deps.states.get::<KafkaTemplate>();
        let committer = kafka.and_then(|kafka| {
            let prefix = spec.id_prefix.clone().unwrap_or_else(random_prefix);
            let id = format!("{prefix}{}-{number}", self.endpoint.id);
            Some((kafka, StagedCommitter::new(kafka, &id, spec.timeout)?))
        });
        let (kafka, committer) = committer.ok_or_else(|| ContainerError::NoTransactions {
            listener: listener(),
        })?;
        let name = format!("kafka-{}-{number}-tx", self.endpoint.id);
        let line = TransactionLine::start(spec.clone(), Postage::of(kafka), committer, name);
        let line = line.map_err(|source| ContainerError::Thread {
            listener: listener(),
            source,
        })?;
        Ok(Some(Arc::new(line)))
    }

    /// The properties of one consumer: its own client id, and a static member's own instance id.
    fn properties(&self, number: u32) -> Vec<(String, String)> {
        let mut properties = self.endpoint.properties.clone();
        for (key, value) in &mut properties {
            if key == "group.instance.id" {
                *value = format!("{value}-{number}");
            }
        }
        properties.retain(|(key, _)| key != "client.id" && key != "group.id");
        let client_id = match self.endpoint.client_id.as_str() {
            "" => &self.endpoint.id,
            given => given,
        };
        properties.push(("client.id".to_owned(), format!("{client_id}-{number}")));
        properties.push(("group.id".to_owned(), self.endpoint.group_id.to_string()));
        properties
    }

    /// Starts the watchdog, and the one who stops all consumers when a record asks for it.
    fn guard(
        &self,
        consumers: &[Consumer],
        mut stop_requests: mpsc::UnboundedReceiver<HealthReason>,
    ) -> Vec<tokio::task::AbortHandle> {
        let statuses = consumers
            .iter()
            .map(|consumer| Arc::clone(&consumer.status));
        let watchdog = watchdog::watch(
            Arc::clone(&self.endpoint.id),
            statuses.collect(),
            self.events.clone(),
        );
        let commands = consumers.iter().map(|consumer| consumer.commands.clone());
        let commands = commands.collect::<Vec<_>>();
        let stopped_by = Arc::clone(&self.stopped_by);
        let stopper = async move {
            while let Some(reason) = stop_requests.recv().await {
                stopped_by.lock().get_or_insert(reason);
                for consumer in &commands {
                    let _ = consumer.send(Command::Stop);
                }
            }
        };
        let runtime = &self.deps.runtime;
        vec![
            runtime.spawn(watchdog).abort_handle(),
            runtime.spawn(stopper).abort_handle(),
        ]
    }

    /// Stops: nothing new is begun, handlers have `shutdown_timeout` to end, what is finished is
    /// committed, the group is left. Called again meanwhile, it cuts the wait for handlers short.
    ///
    /// A consumer whose handler never gives its thread back is left behind 15 s later, with an
    /// error in the log, and counted as abandoned.
    ///
    /// # Cancel safety
    /// The stop goes on if this future is dropped.
    pub async fn stop(&self) -> StopReport {
        self.stop_within(LEAVE).await
    }

    pub(super) async fn stop_within(&self, leave: Duration) -> StopReport {
        let (ends, grace) = {
            let mut running = self.running.lock();
            let Some(running) = running.as_mut() else {
                return StopReport::default();
            };
            match running.stop() {
                Command::Abandon => (running.ends(), Duration::ZERO),
                _ => (running.ends(), self.endpoint.shutdown_timeout),
            }
        };
        let report = ends.within(&self.endpoint.id, grace + leave).await;
        let ended = self.running.lock().take_if(|r| r.is_stopping());
        if let Some(running) = ended {
            running.join();
            self.events.tell(ContainerEvent::Stopped(report));
            tracing::info!(
                listener = &*self.endpoint.id,
                drained = report.drained,
                abandoned = report.abandoned,
                "listener stopped"
            );
        }
        report
    }

    /// Cuts a stop short, or stops without waiting for handlers; does not wait itself.
    pub fn abandon(&self) {
        if let Some(running) = self.running.lock().as_mut() {
            running.cut_short();
        }
    }

    /// Whether any of its consumers is at work.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.lock().as_ref().is_some_and(Running::is_alive)
    }

    /// What is wrong with it, if anything.
    #[must_use]
    pub fn health(&self) -> ContainerHealth {
        let mut reasons = Vec::new();
        reasons.extend(self.stopped_by.lock().clone());
        reasons.extend(
            self.throttle
                .as_ref()
                .and_then(|throttle| throttle.trouble()),
        );
        if let Some(running) = self.running.lock().as_ref() {
            for (number, consumer) in (0..).zip(&running.consumers) {
                consumer.status.collect(&mut reasons, watchdog::HELD);
                if consumer.is_dead() {
                    reasons.push(HealthReason::ThreadDead {
                        consumer: number,
                        reason: "it panicked; the log has the text".to_owned(),
                    });
                }
            }
        }
        ContainerHealth { reasons }
    }

    /// Its counters since it was made.
    #[must_use]
    pub fn stats(&self) -> StatsSnapshot {
        self.stats.snapshot()
    }

    /// What is assigned to its consumers, as it changes.
    #[must_use]
    pub fn assignment(&self) -> watch::Receiver<Vec<AssignedPartition>> {
        self.assignment.subscribe()
    }

    /// Waits until at least this many partitions are assigned to its consumers.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn assigned(&self, partitions: usize) -> Vec<AssignedPartition> {
        let mut assignment = self.assignment();
        // The sender is ours and lives as long as `self`.
        match assignment.wait_for(|all| all.len() >= partitions).await {
            Ok(all) => all.clone(),
            Err(_) => Vec::new(),
        }
    }

    /// How far every assigned partition has come.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn progress(&self) -> Vec<PartitionProgress> {
        let mut all = Vec::new();
        for answer in self.ask(Command::Progress) {
            all.extend(answer.await.unwrap_or_default());
        }
        all
    }

    /// Waits until every assigned partition is read up to the end that the broker tells now, and
    /// every record of it is finished and committed, or waits for a moment of the framework's
    /// clock, or for an acknowledgement that keeps its partition from being read. Returns at once
    /// if the container is not running.
    ///
    /// With transactional producers a partition may end in control records, which no reader sees:
    /// then this waits for the next record.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn quiet(&self) {
        loop {
            let mut all = true;
            for answer in self.ask(Command::Quiet) {
                all &= answer.await.is_ok();
            }
            if all || !self.is_running() {
                return;
            }
            // A consumer is being replaced, or the broker did not tell the ends in time.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) fn tell(&self, command: impl FnMut() -> Command) {
        if let Some(running) = self.running.lock().as_ref() {
            running.tell(command);
        }
    }

    /// Where its consumers take commands.
    pub(super) fn commands(&self) -> Vec<mpsc::UnboundedSender<Command>> {
        let running = self.running.lock();
        let consumers = running.iter().flat_map(|running| &running.consumers);
        consumers
            .map(|consumer| consumer.commands.clone())
            .collect()
    }

    pub(super) fn ask<T>(
        &self,
        command: impl Fn(oneshot::Sender<T>) -> Command,
    ) -> Vec<oneshot::Receiver<T>> {
        let mut answers = Vec::new();
        if let Some(running) = self.running.lock().as_ref() {
            running.tell(|| {
                let (sender, receiver) = oneshot::channel();
                answers.push(receiver);
                command(sender)
            });
        }
        answers
    }
}

impl Drop for ListenerContainer {
    fn drop(&mut self) {
        if let Some(running) = self.running.get_mut().take() {
            running.abandon();
        }
    }
}
