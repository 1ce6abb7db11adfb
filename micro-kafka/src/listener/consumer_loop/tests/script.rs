//! A source that does what the test says, and a loop that runs on it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::client::{
    ClientError, CommitError, CommitOffset, GroupMetadata, RecordSource, Signal, Slot, SourceEvent,
    Spot, Start, TopicPartition,
};
use crate::clock::Clock;
use crate::error::{Action, RetryTopics};
use crate::listener::batch::BatchSpec;
use crate::listener::command::Command;
use crate::listener::consumer_loop::{ConsumerLoop, Exit, LoopSeat};
use crate::listener::event::{EventStream, Events};
use crate::listener::pauses::Pauses;
use crate::listener::tests::support::{Kept, Log, Retries, Seen, deps, failure, handler};
use crate::listener::{
    AckMode, AckToken, AssignedPartition, ConsumerContext, Delivery, Dispatch, Finished, Handler,
    HealthReason, Interceptors, LateAcknowledgment, ListenerContext, ListenerEndpoint, Order,
    PartitionProgress, RebalanceListener, States, Verdict,
};
use crate::record::{OwnedRecord, Record};

/// What the source does next, and what the loop asked of it.
#[derive(Default)]
pub(super) struct State {
    queues: Vec<VecDeque<Record>>,
    filled: Vec<Slot>,
    events: Vec<SourceEvent>,
    /// Answers that wait while commits are held.
    held: Vec<(u64, Vec<CommitOffset>)>,
    pub(super) hold_commits: bool,
    /// Commits are refused with this.
    pub(super) refuse_commits: Option<CommitError>,
    pub(super) refuse_seeks: bool,
    pub(super) commit_start: bool,
    /// What the loop did, in order.
    pub(super) calls: Vec<Call>,
    pub(super) reads: usize,
    /// What the group has committed by transactions, as the broker tells it.
    pub(super) committed: Vec<(Slot, i64)>,
    closed: bool,
}

/// Something that the loop asked of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    Assign(Vec<Slot>),
    Unassign(Vec<Slot>),
    Commit(Slot, i64),
    Seek(Slot, i64),
    Close,
}

/// The test's side of the source.
#[derive(Clone)]
pub(super) struct Script {
    state: Arc<Mutex<State>>,
    signal: Arc<Signal>,
    changed: Arc<watch::Sender<()>>,
}

impl Script {
    fn new() -> Self {
        Self {
            state: Arc::default(),
            signal: Arc::default(),
            changed: Arc::new(watch::Sender::new(())),
        }
    }

    /// Puts records of these offsets into a partition's queue.
    pub(super) fn fill(&self, slot: Slot, offsets: std::ops::Range<i64>) {
        self.fill_with(slot, offsets.map(|offset| (offset, None)));
    }

    /// The same with keys.
    pub(super) fn fill_with<'k>(
        &self,
        slot: Slot,
        records: impl IntoIterator<Item = (i64, Option<&'k str>)>,
    ) {
        let partition = i32::try_from(slot).unwrap();
        let record = |(offset, key): (i64, Option<&str>)| {
            let mut record = OwnedRecord::new("t", partition, offset);
            record.key = key.map(Into::into);
            record.payload = Some(vec![0; 100]);
            Record::from(record)
        };
        let mut state = self.state.lock();
        let index = slot as usize;
        if state.queues.len() <= index {
            state.queues.resize_with(index + 1, VecDeque::new);
        }
        state.queues[index].extend(records.into_iter().map(record));
        state.filled.push(slot);
        drop(state);
        self.signal.raise();
    }

    pub(super) fn event(&self, event: SourceEvent) {
        self.state.lock().events.push(event);
        self.signal.raise();
    }

    pub(super) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock())
    }

    /// Answers the commits that were held.
    pub(super) fn answer_commits(&self) {
        let held = self.with(|state| std::mem::take(&mut state.held));
        for (id, _) in held {
            self.event(SourceEvent::Committed { id, result: Ok(()) });
        }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.state.lock().calls.clone()
    }

    /// Waits until the loop has asked for this.
    pub(super) async fn called(&self, call: &Call) {
        let mut changed = self.changed.subscribe();
        let found = async {
            while !self.state.lock().calls.contains(call) {
                changed.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(60), found).await;
        assert!(found.is_ok(), "no {call:?} among {:?}", self.calls());
    }

    fn note(&self, calls: impl IntoIterator<Item = Call>) {
        self.state.lock().calls.extend(calls);
        self.changed.send_replace(());
    }
}

struct ScriptedSource {
    script: Script,
    names: Vec<TopicPartition>,
}

impl RecordSource for ScriptedSource {
    fn poll_filled(&self, context: &Context<'_>) -> Poll<()> {
        self.script.signal.poll_raised(context)
    }

    fn poll_events(&mut self, events: &mut Vec<SourceEvent>) {
        events.append(&mut self.script.state.lock().events);
    }

    fn take_filled(&mut self, into: &mut Vec<Slot>) {
        into.append(&mut self.script.state.lock().filled);
    }

    fn read(&mut self, slot: Slot, limit: usize, into: &mut VecDeque<Record>) -> usize {
        let mut state = self.script.state.lock();
        state.reads += 1;
        let Some(queue) = state.queues.get_mut(slot as usize) else {
            return 0;
        };
        let count = limit.min(queue.len());
        into.extend(queue.drain(..count));
        count
    }

    fn recycle(&mut self, record: Record) {
        drop(record);
    }

    fn name(&self, slot: Slot) -> &TopicPartition {
        &self.names[slot as usize]
    }

    fn assign(&mut self, slots: &[Slot]) -> Result<Vec<Start>, ClientError> {
        self.script.note([Call::Assign(slots.to_vec())]);
        let commit = self.script.with(|state| state.commit_start);
        let start = |slot: &Slot| Start {
            slot: *slot,
            offset: Some(0),
            commit,
        };
        Ok(slots.iter().map(start).collect())
    }

    fn unassign(&mut self, slots: &[Slot]) -> Result<(), ClientError> {
        self.script.note([Call::Unassign(slots.to_vec())]);
        Ok(())
    }

    fn commit(&mut self, id: u64, offsets: &[CommitOffset]) -> Result<(), ClientError> {
        let calls = offsets.iter().map(|c| Call::Commit(c.slot, c.offset));
        self.script.note(calls.collect::<Vec<_>>());
        let refused = self.script.with(|state| state.refuse_commits.clone());
        if self.script.with(|state| state.hold_commits) {
            let held = (id, offsets.to_vec());
            self.script.with(|state| state.held.push(held));
        } else {
            let result = refused.map_or(Ok(()), Err);
            self.script.event(SourceEvent::Committed { id, result });
        }
        Ok(())
    }

    fn group_metadata(&self) -> Option<GroupMetadata> {
        GroupMetadata::of_group("g")
    }

    fn committed(&mut self, slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        let committed = self.script.with(|state| state.committed.clone());
        Ok(committed
            .into_iter()
            .filter(|(slot, _)| slots.contains(slot))
            .collect())
    }

    fn seek(&mut self, slot: Slot, offset: i64) -> Result<(), ClientError> {
        if self.script.state.lock().refuse_seeks {
            return Err(ClientError::Create("not now".to_owned()));
        }
        if let Some(queue) = self.script.state.lock().queues.get_mut(slot as usize) {
            queue.clear();
        }
        self.script.note([Call::Seek(slot, offset)]);
        Ok(())
    }

    fn assignment_lost(&self) -> bool {
        false
    }

    fn end_offsets(&mut self, slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        Ok(slots.iter().map(|slot| (*slot, 0)).collect())
    }

    fn offsets(&mut self, slots: &[Slot], spot: Spot) -> Result<Vec<(Slot, i64)>, ClientError> {
        let offset = match spot {
            Spot::Beginning => 10,
            Spot::End => 100,
            Spot::Timestamp(millis) => millis / 1_000,
        };
        Ok(slots.iter().map(|slot| (*slot, offset)).collect())
    }

    fn known_end(&self, _slot: Slot) -> Option<i64> {
        None
    }

    fn close(&mut self) -> Result<(), ClientError> {
        self.script.note([Call::Close]);
        self.script.state.lock().closed = true;
        self.script.signal.raise();
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.script.state.lock().closed
    }
}

/// Where each delivery would be acknowledged.
type Tokens = Arc<Mutex<Vec<(Arc<ConsumerContext>, AckToken)>>>;

/// A loop on a script.
pub(super) struct Rig {
    pub(super) script: Script,
    pub(super) clock: Clock,
    pub(super) log: Log,
    pub(super) gate: Arc<Semaphore>,
    pub(super) kept: Arc<Kept>,
    pub(super) tokens: Tokens,
    pub(super) status: Arc<crate::listener::health::ConsumerStatus>,
    pub(super) pauses: Arc<Pauses>,
    pub(super) events: EventStream,
    commands: mpsc::UnboundedSender<Command>,
    stop_requests: mpsc::UnboundedReceiver<HealthReason>,
    running: JoinHandle<Exit>,
}

/// How a rig's loop is set up.
pub(super) struct Plan {
    pub(super) order: Order,
    pub(super) batch: Option<BatchSpec>,
    pub(super) parallelism: Option<usize>,
    pub(super) dispatch: Dispatch,
    pub(super) ack_mode: AckMode,
    pub(super) sync_commits: Option<bool>,
    pub(super) auto_commit: Option<Duration>,
    pub(super) commit_count: usize,
    pub(super) max_uncommitted: usize,
    pub(super) max_uncommitted_bytes: usize,
    pub(super) idle_event: Option<Duration>,
    pub(super) retry_topics: Option<Arc<RetryTopics>>,
    pub(super) rebalance_listener: Option<Arc<dyn RebalanceListener>>,
    pub(super) interceptors: Interceptors,
    pub(super) revoke_drain: Duration,
    pub(super) shutdown_timeout: Duration,
    /// Deliveries of a failing record, then `last`.
    pub(super) attempts: u32,
    pub(super) delay: Duration,
    pub(super) last: Action,
    pub(super) recover_failures: u32,
    /// Offsets whose handler fails, panics, or waits for the gate.
    pub(super) failing: Vec<i64>,
    pub(super) failing_once: Vec<i64>,
    pub(super) panicking: Vec<i64>,
    pub(super) panicking_once: Vec<i64>,
    pub(super) gated: Vec<i64>,
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
    pub(super) fn run(self) -> Rig {
        let (log, gate, tokens) = (Log::new(), Arc::new(Semaphore::new(0)), Tokens::default());
        let handler = self.handler(&log, &gate, &tokens);
        self.start(handler, log, gate, tokens)
    }

    /// Starts the loop with another handler than the plan's.
    pub(super) fn run_with(self, handler: Handler) -> Rig {
        let gate = Arc::new(Semaphore::new(0));
        self.start(handler, Log::new(), gate, Tokens::default())
    }

    /// Starts the loop with a handler that is told the offset, and on a runtime of its own, so that
    /// it may block.
    pub(super) fn run_on_threads(self, handle: impl Fn(i64) + Send + Sync + 'static) -> Rig {
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
            number: 0,
            endpoint: Arc::new(self.endpoint(handler)),
            deps,
            listener: Arc::new(ListenerContext {
                id: "test".into(),
                group_id: "g".into(),
                namespace: "".into(),
                states: Arc::new(States::default()),
                send_to: None,
                info: None,
                retry_topics: None,
            }),
            status: Arc::clone(&status),
            stats: Arc::default(),
            assignment: Arc::new(watch::Sender::new(Vec::<AssignedPartition>::new())),
            stop_all,
            pauses: Arc::clone(&pauses),
            events: events.clone(),
            throttle: None,
            line: None,
            transactions: None,
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

    pub(super) fn endpoint(&self, handler: Handler) -> ListenerEndpoint {
        ListenerEndpoint {
            timeout: None,
            rate_limit: None,
            idempotent: None,
            breaker: None,
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

impl Rig {
    /// Gives the loop these partitions, filled with records from offset 0.
    pub(super) fn assign(&self, partitions: &[(Slot, i64)]) {
        let slots = partitions.iter().map(|(slot, _)| *slot).collect();
        self.script.event(SourceEvent::Assign(slots));
        for (slot, count) in partitions {
            self.script.fill(*slot, 0..*count);
        }
    }

    pub(super) fn revoke(&self, slot: Slot, lost: bool) {
        let slots = vec![slot];
        self.script.event(SourceEvent::Revoke { slots, lost });
    }

    pub(super) fn command(&self, command: Command) {
        self.commands.send(command).unwrap();
    }

    /// Acknowledges the `n`th delivery.
    pub(super) fn acknowledge(&self, n: usize) {
        self.settle(n, Verdict::Done).unwrap();
    }

    /// Says something of the `n`th delivery.
    pub(super) fn settle(&self, n: usize, verdict: Verdict) -> Result<(), LateAcknowledgment> {
        let (consumer, token) = self.tokens.lock()[n].clone();
        consumer.settle(token, verdict)
    }

    /// Waits until everything is finished or waits for the clock, and its timers are known.
    pub(super) async fn quiet(&self) {
        let (sender, receiver) = oneshot::channel();
        self.command(Command::Quiet(sender));
        let quiet = tokio::time::timeout(Duration::from_secs(60), receiver).await;
        quiet.expect("the loop does not come to rest").unwrap();
    }

    pub(super) async fn progress(&self) -> Vec<PartitionProgress> {
        let (sender, receiver) = oneshot::channel();
        self.command(Command::Progress(sender));
        receiver.await.unwrap()
    }

    /// Moves the clock by this much once nothing but the clock is waited for, handlers apart.
    pub(super) async fn advance_by(&self, by: Duration) {
        let target = self.clock.now() + by;
        while self.clock.next_due() != Some(target) {
            tokio::task::yield_now().await;
        }
        self.clock.advance_to(target);
    }

    /// Moves the clock by this much, to the loop's next timer at the furthest, which must be there.
    pub(super) async fn advance(&self, by: Duration) {
        self.quiet().await;
        let target = self.clock.now() + by;
        assert_eq!(self.clock.next_due(), Some(target), "the next timer");
        self.clock.advance_to(target);
        self.quiet().await;
    }

    pub(super) async fn exit(self) -> Exit {
        let exit = tokio::time::timeout(Duration::from_secs(60), self.running).await;
        exit.expect("the loop does not end").unwrap()
    }

    pub(super) fn stop_request(&mut self) -> Option<HealthReason> {
        self.stop_requests.try_recv().ok()
    }
}

/// An endpoint as a plan makes it when nothing is said.
pub(super) fn endpoint(handler: Handler) -> ListenerEndpoint {
    Plan::default().endpoint(handler)
}
