//! The groups with the requests that wait for them, and their timers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use super::{Change, Effect, Event, Group, GroupLimits, Reply, Token};
use crate::batch::{Marker, Verdict};
use crate::clock::Clock;
use crate::coord::{Alarm, Journal, JournalError, Moment, StateRecord, Unavailable, Unread};

/// The answer to a request, if there can be one.
pub(crate) type Answer = Result<Reply, Unavailable>;

/// A group with the requests that wait for it.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) group: Group,
    waiting: HashMap<Token, oneshot::Sender<Answer>>,
    next_token: u64,
    /// Taken out of the table: whoever still holds it must look the group up again.
    removed: bool,
}

impl Seat {
    fn new(group: Group) -> Self {
        Self {
            group,
            waiting: HashMap::new(),
            next_token: 0,
            removed: false,
        }
    }

    /// Ends the seat with all who wait for it.
    fn close(&mut self, why: Unavailable) {
        self.removed = true;
        for (_, waiting) in self.waiting.drain() {
            let _ = waiting.send(Err(why));
        }
    }
}

/// What a step has left of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// A group.
    Group,
    /// Nothing to remember.
    Nothing,
    /// A group that is ahead of what is written down: it must be read again.
    Unwritten,
}

/// All groups of a broker.
///
/// Locks are taken in the order reading, table, seat, partition. The offsets' topic is never created while
/// one of them is held: the catalog's observers take them too.
#[derive(Debug)]
pub(super) struct Seats {
    clock: Clock,
    limits: GroupLimits,
    journal: Journal,
    groups: RwLock<BTreeMap<String, Arc<Mutex<Seat>>>>,
    pub(super) unread: Unread,
    /// The groups that a producer's open transaction has offsets for.
    open: Mutex<HashMap<i64, BTreeSet<String>>>,
    /// Held for writing while a partition is read: what ends meanwhile would be open afterwards.
    pub(super) reading: RwLock<()>,
    alarm: Alarm,
    /// When the timer task next looks for what has been kept for long enough.
    cleans: Mutex<Instant>,
}

impl Seats {
    pub(super) fn new(clock: Clock, limits: GroupLimits, journal: Journal) -> Self {
        let cleans = clock.now() + limits.cleanup_interval;
        Self {
            clock,
            limits,
            journal,
            groups: RwLock::default(),
            unread: Unread::default(),
            open: Mutex::default(),
            reading: RwLock::default(),
            alarm: Alarm::default(),
            cleans: Mutex::new(cleans),
        }
    }

    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(super) fn limits(&self) -> GroupLimits {
        self.limits
    }

    pub(super) fn now(&self) -> Moment {
        Moment::now(&self.clock)
    }

    /// Looks at a group that others may be told of.
    pub(super) fn look<T>(&self, group_id: &str, look: impl FnOnce(&Group) -> T) -> Option<T> {
        let seat = self.find(group_id)?;
        let seat = seat.lock();
        (!seat.removed && !seat.group.is_forgotten()).then(|| look(&seat.group))
    }

    pub(super) fn list(&self) -> Vec<(String, &'static str, String)> {
        let groups = self.groups.read();
        let listed = groups.iter().filter_map(|(id, seat)| {
            let group = &seat.lock().group;
            let kind = group.protocol_type().to_owned();
            (!group.is_forgotten()).then(|| (id.clone(), group.state().name(), kind))
        });
        listed.collect()
    }

    pub(super) fn forget_topic(&self, topic: &Arc<str>) {
        let ids: Vec<_> = self.groups.read().keys().cloned().collect();
        for id in ids {
            self.tell(&id, Event::TopicDeleted(Arc::clone(topic)));
        }
    }

    /// Writes the marker down, and ends the transaction in its groups.
    pub(super) fn end_transaction(
        &self,
        marker: &Marker,
        partition: i32,
    ) -> Result<(), JournalError> {
        let reading = self.reading.read();
        self.journal.end_transaction(partition, marker)?;
        let (producer, committed) = (marker.producer_id, marker.verdict == Verdict::Commit);
        let mut left = Vec::new();
        for group_id in self.take_open(producer, partition) {
            let event = Event::EndTransaction(producer, committed);
            left.extend(self.told(&group_id, event).map(|left| (group_id, left)));
        }
        drop(reading);
        left.iter().for_each(|(id, left)| self.settle(id, *left));
        Ok(())
    }

    /// Has a group take a request; of a producer's transaction if there is one.
    pub(super) fn submit(
        &self,
        group_id: &str,
        opened_by: Option<i64>,
        event: impl FnOnce(Token) -> Event,
    ) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        if let Err(error) = self.journal.ensure() {
            tracing::error!(topic = self.journal.name(), %error, "groups cannot be coordinated");
            let _ = sender.send(Err(Unavailable::NotWritten));
            return receiver;
        }
        loop {
            let seat = self.seat(group_id);
            let mut seat = seat.lock();
            if seat.removed {
                continue;
            }
            let left = match self.check_loaded(Some(group_id)) {
                Ok(()) => {
                    // Not before the seat is ours: whoever reads it again clears what is open.
                    if let Some(producer_id) = opened_by {
                        let mut open = self.open.lock();
                        let groups = open.entry(producer_id).or_default();
                        groups.insert(group_id.to_owned());
                    }
                    let token = Token(seat.next_token);
                    seat.next_token += 1;
                    seat.waiting.insert(token, sender);
                    self.step(group_id, &mut seat, event(token))
                }
                Err(loading) => {
                    let _ = sender.send(Err(loading));
                    Left::Nothing
                }
            };
            drop(seat);
            self.settle(group_id, left);
            return receiver;
        }
    }

    /// Tells a group something that needs no answer; a group that is gone need not know.
    fn tell(&self, group_id: &str, event: Event) {
        if let Some(left) = self.told(group_id, event) {
            self.settle(group_id, left);
        }
    }

    fn told(&self, group_id: &str, event: Event) -> Option<Left> {
        let seat = self.find(group_id)?;
        let mut seat = seat.lock();
        (!seat.removed).then(|| self.step(group_id, &mut seat, event))
    }

    fn find(&self, group_id: &str) -> Option<Arc<Mutex<Seat>>> {
        self.groups.read().get(group_id).cloned()
    }

    /// The group's seat, made if need be.
    fn seat(&self, group_id: &str) -> Arc<Mutex<Seat>> {
        if let Some(seat) = self.find(group_id) {
            return seat;
        }
        let mut groups = self.groups.write();
        let new = || Arc::new(Mutex::new(Seat::new(Group::new(self.limits))));
        Arc::clone(groups.entry(group_id.to_owned()).or_insert_with(new))
    }

    /// Takes the groups of a partition out of those with open offsets of a producer.
    fn take_open(&self, producer_id: i64, partition: i32) -> BTreeSet<String> {
        let mut open = self.open.lock();
        let Some(groups) = open.get_mut(&producer_id) else {
            return BTreeSet::new();
        };
        let (taken, left) = std::mem::take(groups)
            .into_iter()
            .partition(|group_id: &String| self.journal.partition_of(group_id) == partition);
        *groups = left;
        if groups.is_empty() {
            open.remove(&producer_id);
        }
        taken
    }

    /// Steps a group, writes down what follows, and sends its answers.
    fn step(&self, group_id: &str, seat: &mut Seat, event: Event) -> Left {
        let mut changes = Vec::new();
        let mut replies = Vec::new();
        for effect in seat.group.step(self.now(), event) {
            match effect {
                Effect::Append(change) => changes.push(change),
                Effect::Reply(token, reply) => replies.push((token, reply)),
            }
        }
        let written = self.write_down(group_id, &changes);
        for (token, reply) in replies {
            if let Some(waiting) = seat.waiting.remove(&token) {
                // The client may have gone; the group finds out by its timers.
                let _ = waiting.send(written.map(|()| reply));
            }
        }
        if written.is_err() {
            return Left::Unwritten;
        }
        if let Some(deadline) = seat.group.deadline() {
            self.alarm.set(deadline);
        }
        match seat.group.is_forgotten() {
            true => Left::Nothing,
            false => Left::Group,
        }
    }

    fn write_down(&self, group_id: &str, changes: &[Change]) -> Result<(), Unavailable> {
        let mut producer = None;
        let (mut plain, mut held) = (Vec::new(), Vec::new());
        for change in changes {
            let record = change.record(group_id).map_err(|error| {
                tracing::error!(group = group_id, %error, "a group's state is too large");
                Unavailable::NotWritten
            })?;
            if let Change::Held(by, ..) = change {
                producer = Some(*by);
                held.push(record);
            } else {
                plain.push(record);
            }
        }
        let partition = || self.journal.partition_of(group_id);
        let append = |records: &[StateRecord], producer| match records {
            [] => Ok(()),
            records => self.journal.append(partition(), records, producer),
        };
        let written = append(&held, producer).and_then(|()| append(&plain, None));
        written.map_err(|error| {
            tracing::error!(
                topic = self.journal.name(), partition = partition(), group = group_id, %error,
                "a group's state cannot be written"
            );
            Unavailable::NotWritten
        })
    }

    /// Does what is to be done with a group once its lock is free.
    fn settle(&self, group_id: &str, left: Left) {
        match left {
            Left::Group => {}
            Left::Nothing => self.remove(group_id),
            Left::Unwritten => self.reload(self.journal.partition_of(group_id)),
        }
    }

    fn remove(&self, group_id: &str) {
        let mut groups = self.groups.write();
        let Some(seat) = groups.get(group_id).cloned() else {
            return;
        };
        let mut seat = seat.lock();
        if seat.group.is_forgotten() {
            seat.close(Unavailable::Ended);
            groups.remove(group_id);
        }
    }

    /// Whether a timer is set.
    pub(super) fn has_timer(&self) -> bool {
        self.alarm.is_set()
    }

    /// Runs the timers that are due and plans the next look.
    fn tick(&self) {
        let cleans = self.cleanup_is_due();
        let ids: Vec<_> = self.groups.read().keys().cloned().collect();
        for group_id in ids {
            if cleans {
                self.tell(&group_id, Event::CleanUp);
            }
            let Some(seat) = self.find(&group_id) else {
                continue;
            };
            let mut seat = seat.lock();
            let left = match seat.group.deadline() {
                _ if seat.removed => Left::Group,
                Some(deadline) if deadline <= self.clock.now() => {
                    self.step(&group_id, &mut seat, Event::Tick)
                }
                Some(deadline) => {
                    self.alarm.set(deadline);
                    Left::Group
                }
                None => Left::Group,
            };
            drop(seat);
            self.settle(&group_id, left);
        }
        if !self.groups.read().is_empty() {
            self.alarm.set(*self.cleans.lock());
        }
    }

    fn cleanup_is_due(&self) -> bool {
        let now = self.clock.now();
        let mut cleans = self.cleans.lock();
        let due = *cleans <= now;
        if due {
            *cleans = now + self.limits.cleanup_interval;
        }
        due
    }

    /// Takes groups out, by partition; whoever waits for them is told to ask again.
    pub(super) fn unload(&self, which: impl Fn(i32) -> bool) {
        let mut groups = self.groups.write();
        groups.retain(|group_id, seat| {
            let leaves = which(self.journal.partition_of(group_id));
            if leaves {
                seat.lock().close(Unavailable::Ended);
            }
            !leaves
        });
        let mut open = self.open.lock();
        for groups in open.values_mut() {
            groups.retain(|group_id| !which(self.journal.partition_of(group_id)));
        }
        open.retain(|_, groups| !groups.is_empty());
    }

    /// Puts groups in that were read from their partition.
    pub(super) fn seat_loaded(&self, loaded: super::replay::LoadedGroups) {
        let mut table = self.groups.write();
        for (group_id, group) in loaded.groups {
            if let Some(deadline) = group.deadline() {
                self.alarm.set(deadline);
            }
            let seat = Arc::new(Mutex::new(Seat::new(group)));
            if let Some(early) = table.insert(group_id, seat) {
                early.lock().close(Unavailable::Loading);
            }
        }
        if !table.is_empty() {
            self.alarm.set(*self.cleans.lock());
        }
        drop(table);
        let mut open = self.open.lock();
        for (producer_id, groups) in loaded.open {
            open.entry(producer_id).or_default().extend(groups);
        }
    }
}

/// Runs the timers until the task is aborted.
pub(super) async fn run_timers(seats: Arc<Seats>) {
    seats.alarm.set(*seats.cleans.lock());
    seats.alarm.run(&seats.clock, || seats.tick()).await;
}
