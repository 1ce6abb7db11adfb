//! The consumer loop: one actor that owns a consumer, its lanes, its ledger, its retries and its
//! commits. Nothing of it is shared, so nothing of it is locked.

mod aborted;
mod acknowledge;
mod alone;
mod batch;
mod callbacks;
mod commit;
mod commit_wait;
mod denied;
mod dispatch;
mod due;
mod epoch;
mod failure;
mod failure_watch;
mod going_on;
mod hooks;
mod idle;
mod joining;
mod landing;
mod ordered;
mod orphans;
mod patience;
mod plain;
mod progress;
mod quarantine;
mod rebalance;
mod rewind;
mod seek;
mod stop;
mod throttled;
mod transact;
mod transactions;
mod wait;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::Abortable;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use self::commit::Commits;
use self::denied::DeniedPartition;
use self::going_on::GoingOn;
pub(super) use self::idle::Idleness;
use self::ordered::Ordering;
use self::orphans::OrphanWatch;
use self::progress::QuietRequest;
use self::quarantine::Quarantine;
use self::rebalance::Revocation;
use self::seek::Seeking;
use self::stop::Stop;
use self::transactions::Transactions;
use self::wait::Alarm;
use super::ConsumerLine;
use super::command::Command;
use super::event::Events;
use super::health::{ConsumerStatus, HealthReason};
use super::in_flight::{InFlight, Landed};
use super::partition::Partition;
use super::pauses::Pauses;
use super::stats::{ListenerStats, Meters, TurnCounts};
use super::throttle::Throttle;
use super::timers::Timers;
use super::transactional::TransactionLine;
use super::{
    AckToken, AssignedPartition, ConsumerContext, ContainerDeps, Delivery, HandlerSlot,
    ListenerContext, ListenerEndpoint, StopReport, Verdict,
};
use crate::client::{RecordSource, Slot, SourceEvent};

/// How often an idle loop polls, to stay a member and to refresh the lag.
const TICK: Duration = Duration::from_secs(1);

/// Why a loop ended.
#[derive(Debug)]
pub(super) enum Exit {
    /// It was asked to.
    Stopped(StopReport),
    /// Its consumer cannot go on.
    Fatal(String),
}

/// What a loop is made of, beside its source.
#[derive(Debug)]
pub(super) struct LoopSeat {
    /// Which of the container's consumers, from 0.
    pub(super) number: u32,
    pub(super) endpoint: Arc<ListenerEndpoint>,
    pub(super) deps: ContainerDeps,
    pub(super) listener: Arc<ListenerContext>,
    pub(super) status: Arc<ConsumerStatus>,
    pub(super) stats: Arc<ListenerStats>,
    pub(super) assignment: Arc<watch::Sender<Vec<AssignedPartition>>>,
    /// Tells the container that a record wants all of it to stop.
    pub(super) stop_all: mpsc::UnboundedSender<HealthReason>,
    pub(super) pauses: Arc<Pauses>,
    pub(super) events: Events,
    /// What keeps records from beginning, if there is anything.
    pub(super) throttle: Option<Arc<Throttle>>,
    /// What handlers may ask; none in tests of the loop.
    pub(super) line: Option<ConsumerLine>,
    /// The way to the transactions of a transactional listener.
    pub(super) transactions: Option<Arc<TransactionLine>>,
}

/// A running loop.
pub(super) struct ConsumerLoop<'s, S: RecordSource> {
    seat: &'s LoopSeat,
    /// Whether records need nothing but their handler.
    plain: bool,
    source: S,
    commands: &'s mut mpsc::UnboundedReceiver<Command>,
    consumer: Arc<ConsumerContext>,
    /// The memory of deliveries that are done with, for the next ones.
    spare: Vec<Delivery>,
    slot: HandlerSlot,
    acks: mpsc::UnboundedReceiver<(AckToken, Verdict)>,
    /// Records at work that are to be delivered again.
    nacks: HashMap<(Slot, i64), Instant>,
    /// By slot.
    partitions: Vec<Option<Partition>>,
    epoch: u32,
    membership: Membership,
    /// When it asked for its partitions.
    begun: Instant,
    runnable: VecDeque<Slot>,
    in_flight: FuturesUnordered<Abortable<InFlight>>,
    /// How many of them are handlers that were not given up.
    running: usize,
    /// Tasks that were given up and have not ended yet, by the slot of their partition.
    ghosts: HashMap<Slot, usize>,
    timers: Timers,
    alarm: Alarm,
    commits: Commits,
    /// Of a transactional listener, instead of `commits`.
    transactions: Option<Box<Transactions>>,
    /// Of a listener whose retries keep the order of keys.
    ordering: Option<Box<Ordering>>,
    /// Of a listener that quarantines.
    quarantine: Option<Box<Quarantine>>,
    revocation: Option<Revocation>,
    going_on: GoingOn,
    seeks: Vec<Seeking>,
    idleness: Idleness,
    orphans: Option<Box<OrphanWatch>>,
    /// Whether the broker refused this consumer for who it is.
    refused: bool,
    /// Partitions that it may not read.
    denied: Vec<DeniedPartition>,
    /// Whether it may not commit.
    commit_denied: bool,
    stop: Option<Stop>,
    quiet: Vec<QuietRequest>,
    fatal: Option<String>,
    counts: TurnCounts,
    meters: Meters,
    inbox: Inbox,
}

/// How far a consumer has come with its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Membership {
    /// It has asked for its partitions.
    Joining,
    /// So it has, and Kafka said what is wrong.
    Refused,
    /// It was told its partitions, were it none.
    Member,
}

/// What woke the loop; the buffers are kept from turn to turn.
#[derive(Debug, Default)]
struct Inbox {
    commands: Vec<Command>,
    acks: Vec<(AckToken, Verdict)>,
    landed: Vec<Landed>,
    events: Vec<SourceEvent>,
    filled: Vec<Slot>,
}

impl<'s, S: RecordSource> ConsumerLoop<'s, S> {
    pub(super) fn new(
        seat: &'s LoopSeat,
        source: S,
        commands: &'s mut mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        let (acks, acked) = mpsc::unbounded_channel();
        let clock = seat.deps.clock.clone();
        seat.status.forget_names();
        Self {
            seat,
            plain: plain::is_plain(&seat.endpoint, &seat.deps.interceptors),
            source,
            commands,
            consumer: Arc::new(
                ConsumerContext::of(Arc::clone(&seat.listener), acks, Arc::clone(&seat.status))
                    .within(seat.endpoint.payload_limits)
                    .with_line(seat.line.clone())
                    .with_outboxes(seat.transactions.as_ref().map(|line| &line.outboxes)),
            ),
            spare: Vec::new(),
            slot: HandlerSlot::default(),
            acks: acked,
            nacks: HashMap::new(),
            partitions: Vec::new(),
            epoch: 0,
            membership: Membership::Joining,
            begun: Instant::now(),
            runnable: VecDeque::new(),
            in_flight: FuturesUnordered::new(),
            running: 0,
            ghosts: HashMap::new(),
            commits: Commits::new(clock.now()),
            transactions: seat
                .transactions
                .as_ref()
                .map(|line| Box::new(Transactions::new(line))),
            quarantine: seat.endpoint.quarantine.map(|spec| {
                let wake = seat.line.as_ref().map(ConsumerLine::commands);
                Box::new(Quarantine::new(spec, &seat.deps.warden, wake))
            }),
            timers: Timers::new(clock.clone()),
            alarm: Alarm::new(TICK),
            ordering: seat
                .deps
                .fences
                .as_ref()
                .map(|it| Box::new(Ordering::new(it))),
            revocation: None,
            going_on: GoingOn::default(),
            seeks: Vec::new(),
            idleness: Idleness::new(clock.now()),
            orphans: None,
            refused: false,
            denied: Vec::new(),
            commit_denied: false,
            stop: None,
            quiet: Vec::new(),
            fatal: None,
            counts: TurnCounts::default(),
            meters: Meters::new(&seat.endpoint.id, &seat.endpoint.metric_tags),
            inbox: Inbox::default(),
        }
    }

    /// Runs until it is stopped or its consumer is beyond help.
    pub(super) async fn run(mut self) -> Exit {
        loop {
            self.wait().await;
            self.take_commands();
            self.take_acks();
            self.serve_source();
            self.take_landed();
            self.take_fences();
            self.take_transactions();
            self.wake_due_lanes();
            self.dispatch().await;
            self.drive_seeks();
            self.drive_rewind();
            self.drive_revocation();
            self.drive_orphans();
            self.wake_brokers_if_due();
            self.commit_if_due();
            let stopped = self.drive_stop();
            self.meters.flush(&self.seat.stats, &mut self.counts);
            if let Some(reason) = self.fatal.take() {
                let trouble = HealthReason::Restarting {
                    consumer: self.seat.number,
                    reason: reason.clone(),
                    attempt: 1,
                };
                self.seat.status.set_consumer_trouble(Some(trouble));
                self.end_all_epochs();
                return match &self.stop {
                    Some(stop) => Exit::Stopped(stop.report()),
                    None => Exit::Fatal(reason),
                };
            }
            if let Some(report) = stopped {
                return Exit::Stopped(report);
            }
        }
    }

    fn partition(&mut self, slot: Slot) -> Option<&mut Partition> {
        self.partitions.get_mut(slot as usize)?.as_mut()
    }

    /// The partition, if it is still the assignment that something belongs to.
    fn current(&mut self, slot: Slot, epoch: u32) -> Option<&mut Partition> {
        self.partition(slot)
            .filter(|partition| partition.epoch == epoch)
    }

    fn assigned(&self) -> impl Iterator<Item = (Slot, &Partition)> {
        (0..)
            .zip(&self.partitions)
            .filter_map(|(slot, partition)| Some((slot, partition.as_ref()?)))
    }

    /// Puts a partition into the line of those to run, if there is anything to do.
    fn enqueue(&mut self, slot: Slot) {
        let stopping = self.stop.is_some();
        let Some(partition) = self.partition(slot) else {
            return;
        };
        if !partition.queued && !stopping && partition.can_run() {
            partition.queued = true;
            self.runnable.push_back(slot);
        }
    }

    fn take_commands(&mut self) {
        for command in std::mem::take(&mut self.inbox.commands) {
            match command {
                Command::Stop => self.begin_stop(self.seat.endpoint.shutdown_timeout),
                Command::Abandon => self.begin_stop(Duration::ZERO),
                Command::RuntimeEnds => {
                    self.begin_stop(Duration::ZERO);
                    let reason = || "its runtime has ended".to_owned();
                    self.fatal.get_or_insert_with(reason);
                }
                Command::Paused => self.take_pauses(),
                Command::Unpark => self.unpark(),
                Command::Seek(request) => self.begin_seek(request),
                Command::Progress(answer) => {
                    let _ = answer.send(self.progress());
                }
                Command::Quiet(answer) => self.await_quiet(answer),
            }
        }
    }
}
