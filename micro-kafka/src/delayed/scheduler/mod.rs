//! The loop that owns the timers of its partitions: nothing of it is shared.

mod fetching;
mod firing;
mod leaving;
mod quiet;
mod reading;
mod timer;

use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};

use self::leaving::Revocation;
use self::quiet::Quiet;
use super::cache::Cache;
use super::forward::{Due, Fate, Forwarder};
use super::index::Index;
use super::reader::{Fetched, Reader};
use super::stats::Gauges;
use crate::client::{RecordSource, Slot};
use crate::clock::{Clock, Sleep};
use crate::record::Record;
use crate::template::{DeliveryFuture, SendError};

/// The most records that are read, or forwarded, in one turn.
const TURN: usize = 500;
/// How often it polls, commits, and looks at the clock anew.
const TICK: Duration = Duration::from_secs(1);

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

    /// Whether nothing is on its way.
    fn is_idle(&self) -> bool {
        !self.queueing && self.flying == 0
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

    fn take_done(&mut self, done: Done) {
        match done {
            Done::Queued(queued) => self.take_queued(queued),
            Done::Finished(fates) => self.take_finished(fates),
            Done::Fetched(fetched) => self.take_fetched(fetched),
            Done::Marked { slot, epoch, mark } => self.take_mark(slot, epoch, mark),
            Done::QuietMark {
                request,
                slot,
                mark,
            } => self.take_quiet_mark(request, slot, mark),
        }
    }
}
