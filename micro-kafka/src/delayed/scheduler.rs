//! The loop that owns the timers of its partitions: nothing of it is shared.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};

use super::cache::{Cache, weight};
use super::envelope::{Said, said};
use super::forward::{Due, Fate, Forwarder, Membership};
use super::index::{Index, Waiting};
use super::reader::{Fetched, Reader};
use super::stats::Gauges;
use crate::client::{CommitOffset, RecordSource, Slot, SourceEvent, TransactionOffset};
use crate::clock::{Clock, Sleep};
use crate::record::Record;
use crate::template::{DeliveryFuture, SendError};

/// The most records that are read, or forwarded, in one turn.
const TURN: usize = 500;
/// The most records on their way.
const FLYING: usize = 10_000;
/// So long before its time a record is got back into memory, in milliseconds.
const LEAD: i64 = 10_000;
/// How far ahead it is looked for such records.
const LOOK: usize = 2_000;
/// How often it polls, commits, and looks at the clock anew.
const TICK: Duration = Duration::from_secs(1);
const COMMIT: Duration = Duration::from_secs(5);
/// How long a revocation waits for what is on its way.
const REVOKE: Duration = Duration::from_secs(5);
/// How long it may take to leave the group.
const LEAVE: Duration = Duration::from_secs(5);
/// The waits of a record that is refused: the first, in milliseconds, and how often it doubles.
const AGAIN: i64 = 1_000;
const DOUBLINGS: u32 = 8;

/// What is asked of a scheduler.
#[derive(Debug)]
pub(super) enum Command {
    /// Finish what is on its way, and leave the group.
    Stop(Duration),
    /// Answer once all that was sent before is forwarded or waits for a time to come.
    Quiet(oneshot::Sender<()>),
}

/// What a scheduler works with.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) clock: Clock,
    pub(super) forwarder: Forwarder,
    pub(super) reader: Reader,
    pub(super) gauges: Arc<Gauges>,
    /// The most bytes of records in memory.
    pub(super) memory: usize,
}

/// What came of a piece of work.
enum Done {
    Queued(Vec<(Due, Result<DeliveryFuture, Fate>)>),
    Finished(Vec<(Due, Fate)>),
    Fetched(Fetched),
    Marked {
        slot: Slot,
        epoch: u64,
        mark: Result<i64, SendError>,
    },
    QuietMark {
        request: u64,
        slot: Slot,
        mark: Result<i64, SendError>,
    },
}

/// Somebody waits for quiet.
struct Quiet {
    number: u64,
    /// Marks that are still to be written.
    open: usize,
    marks: Vec<(Slot, i64)>,
    answer: oneshot::Sender<()>,
}

struct Revocation {
    slots: Vec<Slot>,
    deadline: Instant,
}

/// A running scheduler.
pub(super) struct Scheduler<'s, S: RecordSource> {
    seat: &'s Seat,
    source: S,
    commands: &'s mut mpsc::UnboundedReceiver<Command>,
    index: Index,
    cache: Cache,
    jobs: FuturesUnordered<BoxFuture<'static, Done>>,
    /// Whether a batch is being queued, or committed.
    queueing: bool,
    /// Records on their way, and their bytes.
    flying: usize,
    flying_bytes: usize,
    fetching: bool,
    /// Whether something failed in this tick: it is tried again in the next one.
    held: bool,
    readable: VecDeque<Slot>,
    batch: VecDeque<Record>,
    /// Whether it was told its partitions, were it none.
    member: bool,
    revocation: Option<Revocation>,
    stop: Option<Instant>,
    closing: Option<Instant>,
    quiet: Vec<Quiet>,
    unasked: Vec<oneshot::Sender<()>>,
    requests: u64,
    committed: HashMap<Slot, i64>,
    commits: u64,
    last_commit: Instant,
    timer: Option<(Instant, Sleep)>,
    tick: Pin<Box<tokio::time::Sleep>>,
    fatal: Option<String>,
}

impl<'s, S: RecordSource> Scheduler<'s, S> {
    pub(super) fn new(
        seat: &'s Seat,
        source: S,
        commands: &'s mut mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        Self {
            seat,
            source,
            commands,
            index: Index::default(),
            cache: Cache::new(seat.memory),
            jobs: FuturesUnordered::new(),
            queueing: false,
            flying: 0,
            flying_bytes: 0,
            fetching: false,
            held: false,
            readable: VecDeque::new(),
            batch: VecDeque::new(),
            member: false,
            revocation: None,
            stop: None,
            closing: None,
            quiet: Vec::new(),
            unasked: Vec::new(),
            requests: 0,
            committed: HashMap::new(),
            commits: 0,
            last_commit: Instant::now(),
            timer: None,
            tick: Box::pin(tokio::time::sleep(TICK)),
            fatal: None,
        }
    }

    /// Runs until it is stopped; `Err` says why its consumer is beyond help.
    pub(super) async fn run(mut self) -> Result<(), String> {
        loop {
            poll_fn(|context| self.poll_work(context)).await;
            self.serve_source();
            self.read();
            self.fire();
            self.drive_revocation();
            self.commit_if_due();
            let now = self.now();
            let (count, oldest) = (self.index.len(), self.index.oldest());
            self.seat.gauges.waits(count, oldest, now);
            if let Some(reason) = self.fatal.take() {
                return Err(reason);
            }
            if self.drive_stop() {
                return Ok(());
            }
            if !self.readable.is_empty() {
                tokio::task::yield_now().await;
            }
        }
    }

    /// The present time in milliseconds since the Unix epoch.
    fn now(&self) -> i64 {
        i64::try_from(self.seat.clock.since_epoch().as_millis()).unwrap_or(i64::MAX)
    }

    fn poll_work(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut work = !self.readable.is_empty();
        loop {
            match self.commands.poll_recv(context) {
                Poll::Ready(Some(command)) => self.take_command(command),
                Poll::Ready(None) if self.stop.is_none() => self.stop = Some(Instant::now()),
                Poll::Ready(None) | Poll::Pending => break,
            }
            work = true;
        }
        work |= self.source.poll_filled(context).is_ready();
        while let Poll::Ready(Some(done)) = self.jobs.poll_next_unpin(context) {
            self.take_done(done);
            work = true;
        }
        work |= self.poll_timer(context).is_ready();
        if self.tick.as_mut().poll(context).is_ready() {
            let next = match self.stop {
                Some(_) => Duration::from_millis(20),
                None => TICK,
            };
            self.tick.as_mut().reset(tokio::time::Instant::now() + next);
            self.held = false;
            work = true;
        }
        if work {
            return Poll::Ready(());
        }
        // Only here is the timer set that a test's clock has to know about.
        self.answer_quiet();
        Poll::Pending
    }

    /// Ready when something is due that can be sent now.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let next = self.index.next_time().filter(|_| self.can_fire());
        let Some(next) = next else {
            self.timer = None;
            return Poll::Pending;
        };
        let since_epoch = Duration::from_millis(u64::try_from(next).unwrap_or(0));
        let (now, wall) = (self.seat.clock.now(), self.seat.clock.since_epoch());
        if since_epoch <= wall {
            // What is not in memory comes by itself.
            return match self.fetching || self.held {
                true => Poll::Pending,
                false => Poll::Ready(()),
            };
        }
        let due = now.checked_add(since_epoch - wall).unwrap_or(now);
        // The same moment is told with the jitter of two clocks.
        let near = |at: &Instant| at.max(&due).duration_since(*at.min(&due)).as_millis() < 1;
        let current = self.timer.take_if(|(at, _)| near(at));
        let (_, sleep) = self
            .timer
            .insert(current.unwrap_or_else(|| (due, self.seat.clock.sleep_until(due))));
        let ready = Pin::new(sleep).poll(context);
        if ready.is_ready() {
            self.timer = None;
        }
        ready
    }

    fn can_fire(&self) -> bool {
        !self.queueing
            && self.stop.is_none()
            && self.revocation.is_none()
            && self.flying < FLYING
            && self.flying_bytes <= self.seat.memory
    }

    fn take_command(&mut self, command: Command) {
        match command {
            Command::Stop(drain) => {
                let now = Instant::now();
                self.stop = Some(now.checked_add(drain).unwrap_or(now));
                self.tick.as_mut().reset(tokio::time::Instant::now());
            }
            Command::Quiet(answer) if self.member => self.ask_for_quiet(answer),
            Command::Quiet(answer) => self.unasked.push(answer),
        }
    }

    fn ask_for_quiet(&mut self, answer: oneshot::Sender<()>) {
        self.requests += 1;
        let number = self.requests;
        let assigned: Vec<_> = self.index.assigned().map(|(slot, _)| slot).collect();
        for slot in &assigned {
            let slot = *slot;
            let marking = self.mark(slot);
            self.jobs.push(Box::pin(async move {
                Done::QuietMark {
                    request: number,
                    slot,
                    mark: marking.await,
                }
            }));
        }
        self.quiet.push(Quiet {
            number,
            open: assigned.len(),
            marks: Vec::new(),
            answer,
        });
    }

    fn mark(&self, slot: Slot) -> impl Future<Output = Result<i64, SendError>> + Send + 'static {
        let partition = self.source.name(slot).partition;
        self.seat.forwarder.clone().mark(partition)
    }

    fn answer_quiet(&mut self) {
        let due = self
            .index
            .next_time()
            .is_some_and(|next| next <= self.now());
        let idle = !self.queueing && self.flying == 0 && self.revocation.is_none();
        if self.quiet.is_empty() || due || !idle || !self.index.is_restored() {
            return;
        }
        for request in std::mem::take(&mut self.quiet) {
            let read = |(slot, mark): &(Slot, i64)| self.index.has_read(*slot, *mark);
            if request.open == 0 && request.marks.iter().all(read) {
                let _ = request.answer.send(());
            } else {
                self.quiet.push(request);
            }
        }
    }

    fn take_done(&mut self, done: Done) {
        match done {
            Done::Queued(queued) => {
                self.queueing = false;
                for (due, delivery) in queued {
                    match delivery {
                        Err(fate) => self.settle(due, fate),
                        Ok(delivery) => {
                            let finishing = self.seat.forwarder.clone().finish(due, delivery);
                            self.jobs.push(Box::pin(async move {
                                Done::Finished(vec![finishing.await])
                            }));
                        }
                    }
                }
            }
            Done::Finished(fates) => {
                if self.seat.forwarder.is_transactional() {
                    self.queueing = false;
                }
                for (due, fate) in fates {
                    self.settle(due, fate);
                }
            }
            Done::Fetched(fetched) => self.take_fetched(fetched),
            Done::Marked { slot, epoch, mark } => match mark {
                Ok(mark) => self.index.set_mark(slot, epoch, mark),
                Err(error) if self.index.is_current(slot, epoch) => {
                    let topic = self.source.name(slot);
                    tracing::warn!(%topic, %error, "delayed sends wait: the topic takes no record");
                    self.seat.gauges.set_trouble(Some(error.to_string()));
                    self.restore(slot, epoch, TICK);
                }
                Err(_) => {}
            },
            Done::QuietMark {
                request,
                slot,
                mark,
            } => {
                let mut quiet = self.quiet.iter_mut();
                if let Some(quiet) = quiet.find(|quiet| quiet.number == request) {
                    quiet.open -= 1;
                    quiet.marks.extend(mark.ok().map(|mark| (slot, mark)));
                }
            }
        }
    }

    /// Writes the mark behind all that a partition holds.
    fn restore(&mut self, slot: Slot, epoch: u64, wait: Duration) {
        let marking = self.mark(slot);
        self.jobs.push(Box::pin(async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let mark = marking.await;
            Done::Marked { slot, epoch, mark }
        }));
    }

    fn settle(&mut self, due: Due, fate: Fate) {
        let Due { waiting, record } = due;
        self.flying -= 1;
        self.flying_bytes -= waiting.bytes as usize;
        match fate {
            Fate::Forwarded => {
                self.index.done(&waiting);
                self.seat.gauges.forwarded(self.now() - waiting.due);
                self.seat.gauges.set_trouble(None);
            }
            Fate::Foreign => {
                tracing::error!(offset = record.offset, "no delayed send: passed over");
                self.index.forget(&waiting);
            }
            Fate::Failed(reason) => {
                let wait = AGAIN << waiting.refused.min(DOUBLINGS);
                let id = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default());
                tracing::error!(
                    %id,
                    reason,
                    wait_ms = wait,
                    "a delayed record was refused and will be tried again, until it is cancelled"
                );
                self.seat.gauges.refused();
                self.index.put_back(&waiting, self.now() + wait, true);
                if self.index.is_current(waiting.slot, waiting.epoch) {
                    self.cache.put(&waiting, record);
                }
            }
        }
    }

    fn take_fetched(&mut self, fetched: Fetched) {
        self.fetching = false;
        for (waiting, record) in fetched.found {
            if self.index.is_current(waiting.slot, waiting.epoch) {
                self.cache.put(&waiting, record);
            }
        }
        for waiting in fetched.gone {
            tracing::error!(
                offset = waiting.offset,
                "a delayed record is not in its topic any more: nobody but compaction may delete there"
            );
            self.index.forget(&waiting);
        }
        if let Some(reason) = fetched.failure {
            tracing::warn!(reason, "delayed records cannot be read yet");
            self.held = true;
        }
    }

    fn serve_source(&mut self) {
        let mut events = Vec::new();
        self.source.poll_events(&mut events);
        for event in events {
            match event {
                SourceEvent::Assign(slots) => self.take_assignment(&slots),
                SourceEvent::Revoke { slots, lost } => {
                    let wait = if lost { Duration::ZERO } else { REVOKE };
                    self.revocation = Some(Revocation {
                        slots,
                        deadline: Instant::now() + wait,
                    });
                }
                SourceEvent::Committed { result, .. } => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "a scheduler's commit failed");
                    }
                }
                SourceEvent::Error { name, text } => {
                    tracing::warn!(name, text, "the scheduler of delayed sends");
                }
                SourceEvent::Fatal(reason) => self.fatal = Some(reason),
            }
        }
        let mut filled = Vec::new();
        self.source.take_filled(&mut filled);
        for slot in filled {
            if !self.readable.contains(&slot) {
                self.readable.push_back(slot);
            }
        }
    }

    fn take_assignment(&mut self, slots: &[Slot]) {
        let starts = match self.source.assign(slots) {
            Ok(starts) => starts,
            Err(error) => {
                self.fatal = Some(error.to_string());
                return;
            }
        };
        for start in starts {
            let epoch = self.index.assign(start.slot, start.offset.unwrap_or(0));
            self.committed.remove(&start.slot);
            self.restore(start.slot, epoch, Duration::ZERO);
            // A partition is only told to be filled once it was seen empty.
            self.readable.push_back(start.slot);
            tracing::info!(
                partition = %self.source.name(start.slot),
                from = start.offset,
                "delayed sends of a partition are ours"
            );
        }
        self.member = true;
        for answer in std::mem::take(&mut self.unasked) {
            self.ask_for_quiet(answer);
        }
    }

    /// Reads a turn of each partition that has something.
    fn read(&mut self) {
        for _ in 0..self.readable.len() {
            let Some(slot) = self.readable.pop_front() else {
                return;
            };
            let mut batch = std::mem::take(&mut self.batch);
            let count = self.source.read(slot, TURN, &mut batch);
            for record in batch.drain(..) {
                self.take_record(slot, &record);
                self.source.recycle(record);
            }
            self.batch = batch;
            if count == TURN {
                self.readable.push_back(slot);
            }
        }
    }

    fn take_record(&mut self, slot: Slot, record: &Record) {
        let offset = record.offset();
        match said(record) {
            Said::Waits { id, due } => {
                let bytes = weight(record);
                if let Some(waiting) = self.index.insert(slot, offset, id, due, bytes)
                    && self.cache.takes(due, bytes)
                {
                    self.cache.put(&waiting, record.to_owned_record());
                }
            }
            Said::Over { id } => {
                if let Some(waiting) = self.index.over(id) {
                    drop(self.cache.take(&waiting));
                    if self.index.lowest(slot).is_some() {
                        self.seat.gauges.cancelled();
                    }
                }
            }
            Said::Mark => {}
            Said::Foreign => {
                tracing::warn!(slot, offset, "no delayed send: passed over");
            }
        }
        self.index.pass(slot, offset);
    }

    /// Sends what is due, in its order.
    fn fire(&mut self) {
        if !self.can_fire() {
            return;
        }
        let now = self.now();
        let mut batch: Vec<Waiting> = Vec::new();
        let mut bytes = 0;
        let mut missing = false;
        for waiting in self.index.until(now).take(TURN) {
            if !self.cache.has(&waiting) {
                missing = true;
                break;
            }
            bytes += waiting.bytes as usize;
            batch.push(waiting);
            if bytes >= self.seat.memory {
                break;
            }
        }
        let has_more = self.index.len() > self.cache.len() + self.flying;
        if missing || has_more {
            self.fetch(now);
        }
        if batch.is_empty() {
            return;
        }
        // Told before anything is taken: what is on its way has to be read again after a crash.
        let membership = self.membership(&batch);
        if self.seat.forwarder.is_transactional() && membership.is_none() {
            self.held = true;
            return;
        }
        let mut due = Vec::with_capacity(batch.len());
        for waiting in batch {
            if let Some(record) = self.cache.take(&waiting) {
                self.index.take(&waiting);
                self.flying += 1;
                self.flying_bytes += waiting.bytes as usize;
                due.push(Due { waiting, record });
            }
        }
        self.queueing = true;
        let forwarder = self.seat.forwarder.clone();
        match membership {
            Some(membership) => self.jobs.push(Box::pin(async move {
                Done::Finished(forwarder.transact(due, membership).await)
            })),
            None => self.jobs.push(Box::pin(
                async move { Done::Queued(forwarder.queue(due).await) },
            )),
        }
    }

    /// What fences a transaction of these records; `None` without transactions, or without a group.
    fn membership(&self, batch: &[Waiting]) -> Option<Membership> {
        if !self.seat.forwarder.is_transactional() {
            return None;
        }
        let group = self.source.group_metadata()?;
        let mut slots: Vec<_> = batch.iter().map(|waiting| waiting.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        let offsets = slots.into_iter().filter_map(|slot| {
            Some(TransactionOffset {
                partition: self.source.name(slot).clone(),
                offset: self.index.lowest(slot)?,
                leader_epoch: -1,
            })
        });
        Some(Membership {
            group,
            offsets: offsets.collect(),
        })
    }

    /// Gets back what is due soon and not in memory.
    fn fetch(&mut self, now: i64) {
        if self.fetching || self.held {
            return;
        }
        let mut wanted = Vec::new();
        let mut bytes = 0;
        for waiting in self.index.until(now.saturating_add(LEAD)).take(LOOK) {
            if self.cache.has(&waiting) {
                continue;
            }
            bytes += waiting.bytes as usize;
            wanted.push((self.source.name(waiting.slot).partition, waiting));
            if bytes >= self.cache.portion() {
                break;
            }
        }
        if wanted.is_empty() {
            return;
        }
        self.fetching = true;
        let fetching = self.seat.reader.clone().fetch(wanted);
        self.jobs
            .push(Box::pin(async move { Done::Fetched(fetching.await) }));
    }

    /// Gives partitions up once nothing of them is on its way.
    fn drive_revocation(&mut self) {
        let idle = !self.queueing && self.flying == 0;
        let closing = self.closing.is_some();
        let over =
            |revocation: &mut Revocation| idle || closing || Instant::now() >= revocation.deadline;
        let Some(revocation) = self.revocation.take_if(over) else {
            return;
        };
        self.commit(&revocation.slots);
        for slot in &revocation.slots {
            self.index.revoke(*slot);
            self.cache.revoke(*slot);
        }
        self.readable
            .retain(|slot| !revocation.slots.contains(slot));
        if let Err(error) = self.source.unassign(&revocation.slots) {
            self.fatal = Some(error.to_string());
        }
    }

    fn commit_if_due(&mut self) {
        if self.last_commit.elapsed() >= COMMIT {
            self.last_commit = Instant::now();
            let slots: Vec<_> = self.index.assigned().map(|(slot, _)| slot).collect();
            self.commit(&slots);
        }
    }

    /// Commits where a restart has to read from. What is lost of it costs only time.
    fn commit(&mut self, slots: &[Slot]) {
        let mut offsets = Vec::new();
        for slot in slots {
            let Some(offset) = self.index.lowest(*slot) else {
                continue;
            };
            if self.committed.insert(*slot, offset) != Some(offset) {
                offsets.push(CommitOffset {
                    slot: *slot,
                    offset,
                    leader_epoch: -1,
                });
            }
        }
        if offsets.is_empty() {
            return;
        }
        self.commits += 1;
        if let Err(error) = self.source.commit(self.commits, &offsets) {
            tracing::debug!(%error, "a scheduler's commit was not sent");
        }
    }

    /// Whether it has left its group.
    fn drive_stop(&mut self) -> bool {
        let Some(deadline) = self.stop else {
            return false;
        };
        if let Some(leave) = self.closing {
            return self.source.is_closed() || Instant::now() >= leave;
        }
        let idle = !self.queueing && self.flying == 0;
        if idle || Instant::now() >= deadline {
            self.closing = Some(Instant::now() + LEAVE);
            if let Err(error) = self.source.close() {
                tracing::warn!(%error, "the scheduler of delayed sends cannot leave its group");
                return true;
            }
        }
        false
    }
}
