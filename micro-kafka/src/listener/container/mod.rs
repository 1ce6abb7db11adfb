//! Runs one listener: Spring's `ConcurrentMessageListenerContainer`.

mod asking;
mod consumers;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::RuntimeFlavor;
use tokio::sync::{mpsc, watch};

use super::command::Command;
use super::duplicates::Duplicates;
use super::event::{ContainerEvent, Events};
use super::gate::Gate;
use super::middleware::{Around, wrapped};
use super::pauses::Pauses;
use super::running::Running;
use super::stats::ListenerStats;
use super::throttle::Throttle;
use super::watchdog;
use super::{
    AssignedPartition, ContainerDeps, ContainerError, ContainerHealth, HealthReason,
    ListenerContext, ListenerEndpoint, StatsSnapshot, StopReport,
};
use crate::client::AnyClient;
use crate::error::FencedKeys;

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
        let duplicates = duplicates.map(|_| Duplicates::new(&endpoint, &stats, &events));
        let (clock, layers) = (&deps.clock, &deps.layers);
        endpoint.handler = wrapped(
            &endpoint,
            clock,
            layers,
            Around {
                throttle: throttle.as_ref(),
                duplicates,
                propagation: deps.propagation.clone(),
                claims: deps.states.get(),
            },
        );
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
        let (mut consumers, mut guests) = (Vec::new(), Vec::new());
        let mut first = None;
        for number in 0..self.endpoint.concurrency.max(1) {
            match self.spawn(number, &stop_all, gate) {
                Ok((consumer, client, guest)) => {
                    consumers.push(consumer);
                    guests.push(guest);
                    first.get_or_insert(client);
                }
                Err(error) => {
                    Running::new(consumers, Vec::new()).abandon();
                    return Err(error);
                }
            }
        }
        let guards = self.guard(&consumers, guests, stop_requests);
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

    /// The keys of its group of which a record is in retry, where others wait for it:
    /// `#[retryable(order = "key")]`. None while it does not run, or if it keeps no such order.
    #[must_use]
    pub fn fenced_keys(&self) -> FencedKeys {
        let fences = self.deps.fences.as_ref();
        fences
            .map(|fences| fences.fenced_keys())
            .unwrap_or_default()
    }
}

impl Drop for ListenerContainer {
    fn drop(&mut self) {
        if let Some(running) = self.running.get_mut().take() {
            running.abandon();
        }
    }
}
