//! How a loop on a script is set up.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc};

use super::super::seat::seat;
use super::Script;
use super::rig::{Rig, Tokens};
use super::source::ScriptedSource;
use crate::client::TopicPartition;
use crate::clock::Clock;
use crate::error::{Action, RetryTopics};
use crate::listener::batch::BatchSpec;
use crate::listener::consumer_loop::{ConsumerLoop, LoopSeat};
use crate::listener::event::Events;
use crate::listener::pauses::Pauses;
use crate::listener::tests::support::{Kept, Log, Retries, Seen, deps, failure, handler};
use crate::listener::{
    AckMode, Delivery, Dispatch, Finished, Handler, Interceptors, ListenerEndpoint, Order,
    QuarantineSpec, RebalanceListener,
};

/// How a rig's loop is set up.
pub(crate) struct Plan {
    pub(crate) order: Order,
    pub(crate) batch: Option<BatchSpec>,
    pub(crate) parallelism: Option<usize>,
    pub(crate) dispatch: Dispatch,
    pub(crate) ack_mode: AckMode,
    pub(crate) sync_commits: Option<bool>,
    pub(crate) auto_commit: Option<Duration>,
    pub(crate) commit_count: usize,
    pub(crate) max_uncommitted: usize,
    pub(crate) max_uncommitted_bytes: usize,
    pub(crate) idle_event: Option<Duration>,
    pub(crate) retry_topics: Option<Arc<RetryTopics>>,
    pub(crate) quarantine: Option<QuarantineSpec>,
    /// What the group has noted beside the offsets.
    pub(crate) found: Option<String>,
    pub(crate) rebalance_listener: Option<Arc<dyn RebalanceListener>>,
    pub(crate) interceptors: Interceptors,
    pub(crate) revoke_drain: Duration,
    pub(crate) shutdown_timeout: Duration,
    /// Deliveries of a failing record, then `last`.
    pub(crate) attempts: u32,
    pub(crate) delay: Duration,
    pub(crate) last: Action,
    pub(crate) recover_failures: u32,
    /// Offsets whose handler fails, panics, or waits for the gate.
    pub(crate) failing: Vec<i64>,
    pub(crate) failing_once: Vec<i64>,
    pub(crate) panicking: Vec<i64>,
    pub(crate) panicking_once: Vec<i64>,
    pub(crate) gated: Vec<i64>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            order: Order::Partition,
            batch: None,
            parallelism: None,
            dispatch: Dispatch::Inline,
            ack_mode: AckMode::Batch,
            sync_commits: None,
            auto_commit: None,
            commit_count: 1_000,
            max_uncommitted: 100,
            max_uncommitted_bytes: 1 << 20,
            idle_event: None,
            retry_topics: None,
            quarantine: None,
            found: None,
            rebalance_listener: None,
            interceptors: Interceptors::default(),
            revoke_drain: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(10),
            attempts: 1,
            delay: Duration::from_secs(60),
            last: Action::Recover,
            recover_failures: 0,
            failing: Vec::new(),
            failing_once: Vec::new(),
            panicking: Vec::new(),
            panicking_once: Vec::new(),
            gated: Vec::new(),
        }
    }
}

impl Plan {
    /// Starts the loop.
    pub(crate) fn run(self) -> Rig {
        let (log, gate, tokens) = (Log::new(), Arc::new(Semaphore::new(0)), Tokens::default());
        let handler = self.handler(&log, &gate, &tokens);
        self.start(handler, log, gate, tokens)
    }

    /// Starts the loop with another handler than the plan's.
    pub(crate) fn run_with(self, handler: Handler) -> Rig {
        let gate = Arc::new(Semaphore::new(0));
        self.start(handler, Log::new(), gate, Tokens::default())
    }

    /// Starts the loop with a handler that is told the offset, and on a runtime of its own, so that
    /// it may block.
    pub(crate) fn run_on_threads(self, handle: impl Fn(i64) + Send + Sync + 'static) -> Rig {
        let handle = Arc::new(handle);
        self.run_with(Handler::Closure(Arc::new(move |delivery: Delivery| {
            let handle = Arc::clone(&handle);
            Box::pin(async move {
                handle(delivery.record().offset());
                Finished {
                    delivery,
                    result: Ok(()),
                }
            })
        })))
    }

    fn start(self, handler: Handler, log: Log, gate: Arc<Semaphore>, tokens: Tokens) -> Rig {
        let (script, clock) = (Script::new(), Clock::manual());
        script.with(|state| state.found.clone_from(&self.found));
        let kept = Kept::failing(self.recover_failures);
        let errors = Retries {
            attempts: self.attempts,
            delay: self.delay,
            last: self.last,
        };
        let mut deps = deps(clock.clone(), errors, &kept);
        deps.rebalance_listener = self.rebalance_listener.clone();
        deps.interceptors = self.interceptors.clone();
        let (pauses, events) = (Arc::<Pauses>::default(), Events::default());
        let (stop_all, stop_requests) = mpsc::unbounded_channel();
        let status = Arc::default();
        let seat = LoopSeat {
            status: Arc::clone(&status),
            stop_all,
            pauses: Arc::clone(&pauses),
            events: events.clone(),
            ..seat(self.endpoint(handler), deps)
        };
        let source = ScriptedSource {
            script: script.clone(),
            names: (0..4).map(|p| TopicPartition::new("t", p)).collect(),
        };
        let (commands, mut receiver) = mpsc::unbounded_channel();
        let running =
            tokio::spawn(
                async move { ConsumerLoop::new(&seat, source, &mut receiver).run().await },
            );
        Rig {
            script,
            clock,
            log,
            gate,
            kept,
            tokens,
            status,
            pauses,
            events: events.subscribe(),
            commands,
            stop_requests,
            running,
        }
    }

    fn handler(&self, log: &Log, gate: &Arc<Semaphore>, tokens: &Tokens) -> Handler {
        let (failing, gated) = (self.failing.clone(), self.gated.clone());
        let panicking = self.panicking.clone();
        let failing_once = self.failing_once.clone();
        let once = Mutex::new(self.panicking_once.clone());
        let (gate, tokens) = (Arc::clone(gate), Arc::clone(tokens));
        let inner = handler(log, move |seen: Seen| {
            let gate = gated.contains(&seen.offset).then(|| Arc::clone(&gate));
            let fails = failing.contains(&seen.offset)
                || (seen.attempt == 1 && failing_once.contains(&seen.offset));
            let mut once = once.lock();
            let planned = once.len();
            once.retain(|offset| *offset != seen.offset);
            let panics = panicking.contains(&seen.offset) || once.len() < planned;
            drop(once);
            async move {
                assert!(!panics, "as planned");
                if let Some(gate) = gate {
                    gate.acquire().await.unwrap().forget();
                }
                if fails { Err(failure()) } else { Ok(()) }
            }
        });
        Handler::Closure(Arc::new(move |delivery: Delivery| {
            let consumer = Arc::clone(&delivery.consumer);
            tokens.lock().push((consumer, delivery.token));
            let Handler::Closure(inner) = &inner else {
                unreachable!("a closure was made");
            };
            inner(delivery)
        }))
    }

    pub(crate) fn endpoint(&self, handler: Handler) -> ListenerEndpoint {
        ListenerEndpoint {
            payload_limits: crate::codec::PayloadLimits::default(),
            timeout: None,
            rate_limit: None,
            idempotent: None,
            breaker: None,
            quarantine: self.quarantine,
            retry_budget: None,
            spans: false,
            metric_tags: crate::observe::MetricTags::default(),
            layers: crate::listener::Layers::default(),
            topic_pattern: None,
            topic_partitions: Vec::new(),
            send_to: None,
            info: None,
            batch: self.batch,
            transaction: None,
            filter: None,
            auto_commit: self.auto_commit,
            id: "test".into(),
            topics: vec!["t".to_owned()],
            group_id: "g".into(),
            client_id: String::new(),
            concurrency: 1,
            auto_startup: true,
            missing_topics_fatal: false,
            order: self.order,
            parallelism: self.parallelism,
            dispatch: self.dispatch,
            ack_mode: self.ack_mode,
            sync_commits: self.sync_commits,
            max_uncommitted: self.max_uncommitted,
            max_uncommitted_bytes: self.max_uncommitted_bytes,
            read_bytes: 4 << 20,
            commit_interval: Duration::from_secs(1),
            commit_count: self.commit_count,
            idle_event: self.idle_event,
            idle_partition_event: self.idle_event,
            revoke_drain: self.revoke_drain,
            shutdown_timeout: self.shutdown_timeout,
            alarm: crate::config::AlarmSettings::default(),
            properties: Vec::new(),
            retry_topics: self.retry_topics.clone(),
            reads_retries: self.retry_topics.is_some(),
            handler,
        }
    }
}

/// An endpoint as a plan makes it when nothing is said.
pub(crate) fn endpoint(handler: Handler) -> ListenerEndpoint {
    Plan::default().endpoint(handler)
}
