//! The shell: owns the groups, gives them the time, and carries answers back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::{
    Caller, CommitPartition, Effect, Event, Group, GroupDescription, GroupLimits, OffsetView,
    PartitionKey, Reply, Token, offsets_partition,
};
use crate::clock::Clock;
use crate::meta::{CatalogObserver, Topic};

/// A group with the requests that wait for it.
#[derive(Debug)]
struct Seat {
    group: Group,
    waiting: HashMap<Token, oneshot::Sender<Reply>>,
    next_token: u64,
    /// Taken out of the table: whoever still holds it must look the group up again.
    removed: bool,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    limits: GroupLimits,
    groups: RwLock<BTreeMap<String, Arc<Mutex<Seat>>>>,
    /// The groups that a producer's open transaction has offsets for.
    open: Mutex<HashMap<i64, BTreeSet<String>>>,
    /// Tells the timer task that a deadline has come nearer.
    nearer: Notify,
    /// The next moment at which the timer task looks.
    wakes: Mutex<Option<Instant>>,
}

/// The consumer groups of one broker.
///
/// Groups are driven from the callers' tasks; one task of its own runs their timers.
#[derive(Debug)]
pub(crate) struct GroupCoordinator {
    shared: Arc<Shared>,
    /// Started by the first call, so that a coordinator can be made outside of a runtime.
    timers: OnceLock<JoinHandle<()>>,
}

impl GroupCoordinator {
    /// A coordinator without groups.
    pub(crate) fn new(clock: Clock, limits: GroupLimits) -> Self {
        let shared = Arc::new(Shared {
            clock,
            limits,
            groups: RwLock::default(),
            open: Mutex::default(),
            nearer: Notify::new(),
            wakes: Mutex::new(None),
        });
        Self {
            shared,
            timers: OnceLock::new(),
        }
    }

    /// Sends a request to a group and waits for the answer.
    ///
    /// Cancel safe: the request has its effect, only the answer is lost. `None` when the
    /// coordinator ended before it.
    pub(crate) async fn call(
        &self,
        group_id: &str,
        event: impl FnOnce(Token) -> Event,
    ) -> Option<Reply> {
        self.timers
            .get_or_init(|| tokio::spawn(run_timers(Arc::clone(&self.shared))));
        let answer = self.shared.submit(group_id, event);
        answer.await.ok()
    }

    /// Keeps offsets until a producer's transaction ends. The answer comes as from
    /// [`GroupCoordinator::call`], but the offsets are kept when this returns.
    pub(crate) fn commit_in_transaction(
        &self,
        group_id: &str,
        caller: Caller,
        producer_id: i64,
        partitions: Vec<CommitPartition>,
    ) -> oneshot::Receiver<Reply> {
        let mut open = self.shared.open.lock();
        let groups = open.entry(producer_id).or_default();
        groups.insert(group_id.to_owned());
        drop(open);
        self.shared.submit(group_id, |token| {
            Event::CommitInTransaction(token, caller, producer_id, partitions)
        })
    }

    /// Ends a producer's transaction in the groups of one partition of the offsets' topic.
    pub(crate) fn end_transaction(&self, producer_id: i64, partition: i32, committed: bool) {
        for group_id in self.shared.take_open(producer_id, partition) {
            self.shared
                .tell(&group_id, Event::EndTransaction(producer_id, committed));
        }
    }

    /// The partition of the offsets' topic that a group belongs to.
    pub(crate) fn partition_of(&self, group_id: &str) -> i32 {
        offsets_partition(group_id, self.shared.limits.offsets_partitions)
    }

    /// What a group has to say about these partitions, in order.
    pub(crate) fn offsets(&self, group_id: &str, keys: &[PartitionKey]) -> Vec<OffsetView> {
        match self.shared.find(group_id) {
            Some(seat) => {
                let seat = seat.lock();
                keys.iter().map(|key| seat.group.offset(key)).collect()
            }
            None => vec![OffsetView::default(); keys.len()],
        }
    }

    /// All offsets that a group committed, by partition.
    pub(crate) fn all_offsets(&self, group_id: &str) -> BTreeMap<PartitionKey, OffsetView> {
        match self.shared.find(group_id) {
            Some(seat) => seat.lock().group.offsets(),
            None => BTreeMap::new(),
        }
    }

    /// A group's state and members.
    pub(crate) fn describe(&self, group_id: &str) -> Option<GroupDescription> {
        let seat = self.shared.find(group_id)?;
        let seat = seat.lock();
        Some(seat.group.describe())
    }

    /// All groups: id, state's name, what they are for.
    pub(crate) fn list(&self) -> Vec<(String, &'static str, String)> {
        let groups = self.shared.groups.read();
        let listed = groups.iter().map(|(id, seat)| {
            let group = &seat.lock().group;
            (
                id.clone(),
                group.state().name(),
                group.protocol_type().to_owned(),
            )
        });
        listed.collect()
    }
}

impl Drop for GroupCoordinator {
    fn drop(&mut self) {
        if let Some(timers) = self.timers.get() {
            timers.abort();
        }
    }
}

impl CatalogObserver for GroupCoordinator {
    fn topic_changed(&self, _: &Arc<Topic>) {}

    fn topic_deleted(&self, topic: &Arc<Topic>) {
        for seat in self.shared.groups.read().values() {
            seat.lock().group.forget_topic(&topic.name);
        }
    }
}

impl Shared {
    fn find(&self, group_id: &str) -> Option<Arc<Mutex<Seat>>> {
        self.groups.read().get(group_id).cloned()
    }

    /// The group's seat, made if need be.
    fn seat(&self, group_id: &str) -> Arc<Mutex<Seat>> {
        if let Some(seat) = self.find(group_id) {
            return seat;
        }
        let mut groups = self.groups.write();
        let seat = groups.entry(group_id.to_owned()).or_insert_with(|| {
            Arc::new(Mutex::new(Seat {
                group: Group::new(self.limits, self.clock.now()),
                waiting: HashMap::new(),
                next_token: 0,
                removed: false,
            }))
        });
        Arc::clone(seat)
    }

    fn submit(
        &self,
        group_id: &str,
        event: impl FnOnce(Token) -> Event,
    ) -> oneshot::Receiver<Reply> {
        let (sender, receiver) = oneshot::channel();
        loop {
            let seat = self.seat(group_id);
            let mut seat = seat.lock();
            if seat.removed {
                continue;
            }
            let token = Token(seat.next_token);
            seat.next_token += 1;
            seat.waiting.insert(token, sender);
            let forgotten = self.step(&mut seat, event(token));
            drop(seat);
            if forgotten {
                self.remove(group_id);
            }
            return receiver;
        }
    }

    /// Tells a group something that needs no answer; a group that is gone need not know.
    fn tell(&self, group_id: &str, event: Event) {
        let Some(seat) = self.find(group_id) else {
            return;
        };
        let mut seat = seat.lock();
        let forgotten = self.step(&mut seat, event);
        drop(seat);
        if forgotten {
            self.remove(group_id);
        }
    }

    /// Takes the groups of a partition out of those with open offsets of a producer.
    fn take_open(&self, producer_id: i64, partition: i32) -> BTreeSet<String> {
        let mut open = self.open.lock();
        let Some(groups) = open.get_mut(&producer_id) else {
            return BTreeSet::new();
        };
        let count = self.limits.offsets_partitions;
        let (taken, left) = std::mem::take(groups)
            .into_iter()
            .partition(|group_id: &String| offsets_partition(group_id, count) == partition);
        *groups = left;
        if groups.is_empty() {
            open.remove(&producer_id);
        }
        taken
    }

    /// Steps a group and sends its answers; true when it may be removed.
    fn step(&self, seat: &mut Seat, event: Event) -> bool {
        let now = self.clock.now();
        for Effect::Reply(token, reply) in seat.group.step(now, event) {
            if let Some(waiting) = seat.waiting.remove(&token) {
                // The client may have gone; the group finds out by its timers.
                let _ = waiting.send(reply);
            }
        }
        if let Some(deadline) = seat.group.deadline() {
            self.wake_by(deadline);
        }
        seat.group.is_forgotten(now)
    }

    fn remove(&self, group_id: &str) {
        let mut groups = self.groups.write();
        let Some(seat) = groups.get(group_id).cloned() else {
            return;
        };
        let mut seat = seat.lock();
        if seat.group.is_forgotten(self.clock.now()) {
            seat.removed = true;
            groups.remove(group_id);
        }
    }

    fn wake_by(&self, deadline: Instant) {
        let mut wakes = self.wakes.lock();
        if wakes.is_none_or(|at| deadline < at) {
            *wakes = Some(deadline);
            self.nearer.notify_one();
        }
    }

    /// Runs the timers that are due and plans the next look.
    fn tick(&self) {
        *self.wakes.lock() = None;
        let groups: Vec<_> = {
            let groups = self.groups.read();
            groups
                .iter()
                .map(|(id, seat)| (id.clone(), Arc::clone(seat)))
                .collect()
        };
        for (group_id, seat) in groups {
            let mut seat = seat.lock();
            let now = self.clock.now();
            let forgotten = match seat.group.deadline() {
                Some(deadline) if deadline <= now => self.step(&mut seat, Event::Tick),
                Some(deadline) => {
                    self.wake_by(deadline);
                    false
                }
                None => false,
            };
            drop(seat);
            if forgotten {
                self.remove(&group_id);
            }
        }
    }
}

async fn run_timers(shared: Arc<Shared>) {
    loop {
        let at = *shared.wakes.lock();
        match at {
            Some(at) => tokio::select! {
                () = shared.clock.sleep_until(at) => shared.tick(),
                () = shared.nearer.notified() => {}
            },
            None => shared.nearer.notified().await,
        }
    }
}
