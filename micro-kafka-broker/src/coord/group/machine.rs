//! The group's state, its clock and the way of an event.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::member::Member;
use super::rebalance::JoinTimer;
use super::stored::StoredOffsets;
use super::{Caller, Change, Effect, Event, GroupError, Reply, Token};
use crate::coord::Moment;
use crate::meta::BrokerConfig;

/// A group's state, named as Kafka names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupState {
    /// No members; perhaps offsets.
    Empty,
    /// Waiting for all members to join again.
    PreparingRebalance,
    /// Waiting for the leader's assignment.
    CompletingRebalance,
    /// All members have an assignment.
    Stable,
}

impl GroupState {
    /// The name that admin clients are shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// The broker's bounds for groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupLimits {
    /// `group.min.session.timeout.ms`.
    pub(crate) min_session_timeout: Duration,
    /// `group.max.session.timeout.ms`.
    pub(crate) max_session_timeout: Duration,
    /// `group.initial.rebalance.delay.ms`.
    pub(crate) initial_rebalance_delay: Duration,
    /// `group.max.size`.
    pub(crate) max_size: usize,
    /// `offset.metadata.max.bytes`.
    pub(crate) offset_metadata_max: usize,
    /// `offsets.retention.minutes`.
    pub(crate) offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub(crate) cleanup_interval: Duration,
}

impl GroupLimits {
    /// The bounds that the broker is configured with.
    pub(crate) fn from_config(config: &BrokerConfig) -> Self {
        let millis = |name| Duration::from_millis(u64::try_from(config.number(name)).unwrap_or(0));
        let size = |name| usize::try_from(config.number(name)).unwrap_or(0);
        Self {
            min_session_timeout: millis("group.min.session.timeout.ms"),
            max_session_timeout: millis("group.max.session.timeout.ms"),
            initial_rebalance_delay: millis("group.initial.rebalance.delay.ms"),
            max_size: size("group.max.size"),
            offset_metadata_max: size("offset.metadata.max.bytes"),
            offsets_retention: millis("offsets.retention.minutes") * 60_000,
            cleanup_interval: millis("offsets.retention.check.interval.ms"),
        }
    }
}

/// A classic consumer group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(super) limits: GroupLimits,
    pub(super) state: GroupState,
    /// Whether the rebalance under way began in an empty group.
    pub(super) initial: bool,
    pub(super) generation: i32,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol_name: Option<String>,
    pub(super) leader: Option<String>,
    pub(super) members: BTreeMap<String, Member>,
    /// Member ids of static members by their names.
    pub(super) instances: HashMap<String, String>,
    /// Ids that were given out and not yet used, with their ends.
    pub(super) pending: BTreeMap<String, Instant>,
    /// Members that have not asked for their assignment.
    pub(super) unsynced: BTreeSet<String>,
    pub(super) join_timer: Option<JoinTimer>,
    pub(super) sync_timer: Option<Instant>,
    /// The topics that the members of the generation read, as far as the broker can tell.
    pub(super) subscribed: Option<BTreeSet<String>>,
    /// Whether it has been written down: until then nobody is told of it.
    pub(super) exists: bool,
    /// Wall time of the step under way.
    pub(super) unix_millis: i64,
    /// Wall time at which the state was entered, or -1.
    pub(super) entered_at: i64,
    pub(super) offsets: StoredOffsets,
    pub(super) effects: Vec<Effect>,
}

impl Group {
    /// An empty group.
    pub(crate) fn new(limits: GroupLimits) -> Self {
        Self {
            limits,
            state: GroupState::Empty,
            initial: false,
            generation: 0,
            protocol_type: None,
            protocol_name: None,
            leader: None,
            members: BTreeMap::new(),
            instances: HashMap::new(),
            pending: BTreeMap::new(),
            unsynced: BTreeSet::new(),
            join_timer: None,
            sync_timer: None,
            subscribed: None,
            exists: false,
            unix_millis: -1,
            entered_at: -1,
            offsets: StoredOffsets::default(),
            effects: Vec::new(),
        }
    }

    /// Takes one event at the time `now` and returns what follows from it.
    ///
    /// The shell sends [`Event::Tick`] when [`Group::deadline`] has passed. Every request is
    /// answered exactly once, at the latest when its timers have run out.
    pub(crate) fn step(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        self.unix_millis = now.unix_millis;
        let now = now.instant;
        match event {
            Event::Join(token, join) => self.join(now, token, join),
            Event::Sync(token, sync) => self.sync(now, token, sync),
            Event::Heartbeat(token, caller) => {
                let alive = self.heartbeat(now, &caller);
                self.reply(token, Reply::Heartbeat(alive));
            }
            Event::Leave(token, leaving) => self.leave(now, token, leaving),
            Event::Commit(token, caller, partitions) => {
                let outcome = self.commit(now, &caller, partitions);
                self.reply(token, Reply::Commit(outcome));
            }
            Event::CommitInTransaction(token, caller, producer, partitions) => {
                let outcome = self.commit_in_transaction(&caller, producer, partitions);
                self.reply(token, Reply::Commit(outcome));
            }
            Event::EndTransaction(producer_id, committed) => {
                self.end_transaction(producer_id, committed);
            }
            Event::Delete(token) => {
                let outcome = self.delete();
                self.reply(token, Reply::Delete(outcome));
            }
            Event::DeleteOffsets(token, partitions) => {
                let outcome = self.delete_offsets(partitions);
                self.reply(token, Reply::Commit(outcome));
            }
            Event::TopicDeleted(topic) => self.forget_topic(&topic),
            Event::CleanUp => self.clean_up(),
            Event::Tick => {}
        }
        self.fire_timers(now);
        std::mem::take(&mut self.effects)
    }

    /// When the next timer is due; `None` when nothing can happen by itself.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let members = self
            .members
            .values()
            .filter(|m| m.can_expire())
            .map(|m| m.expires);
        members
            .chain(self.pending.values().copied())
            .chain(self.join_timer.map(|timer| timer.at))
            .chain(self.sync_timer)
            .min()
    }

    /// Whether the group never was, or is no more.
    pub(crate) fn is_forgotten(&self) -> bool {
        !self.exists && self.members.is_empty() && self.pending.is_empty()
    }

    pub(super) fn enter(&mut self, state: GroupState) {
        self.state = state;
        self.entered_at = self.unix_millis;
    }

    /// Has the group written down as it is.
    pub(super) fn keep(&mut self) {
        self.exists = true;
        let change = Change::Generation(self.metadata());
        self.effects.push(Effect::Append(change));
    }

    pub(super) fn reply(&mut self, token: Token, reply: Reply) {
        self.effects.push(Effect::Reply(token, reply));
    }

    fn heartbeat(&mut self, now: Instant, caller: &Caller) -> Result<(), GroupError> {
        self.check_member(caller)?;
        if caller.generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        self.touch(now, &caller.member_id);
        match self.state {
            GroupState::PreparingRebalance => Err(GroupError::RebalanceInProgress),
            GroupState::Empty | GroupState::CompletingRebalance | GroupState::Stable => Ok(()),
        }
    }

    /// Checks that the caller is a member, and if static the one that holds the name.
    pub(super) fn check_member(&self, caller: &Caller) -> Result<(), GroupError> {
        if let Some(instance) = &caller.instance_id {
            match self.instances.get(instance) {
                None => return Err(GroupError::UnknownMember),
                Some(holder) if *holder != caller.member_id => {
                    return Err(GroupError::FencedInstance);
                }
                Some(_) => {}
            }
        }
        match self.members.contains_key(&caller.member_id) {
            true => Ok(()),
            false => Err(GroupError::UnknownMember),
        }
    }

    pub(super) fn touch(&mut self, now: Instant, member_id: &str) {
        if let Some(member) = self.members.get_mut(member_id) {
            member.touch(now);
        }
    }

    /// Runs what is due; one timer may arm another that is due too.
    fn fire_timers(&mut self, now: Instant) {
        while let Some(timer) = self.join_timer.filter(|timer| timer.at <= now) {
            self.join_timer = None;
            self.join_time_is_up(now, timer);
        }
        if self.sync_timer.is_some_and(|at| at <= now) {
            self.sync_timer = None;
            self.sync_time_is_up(now);
        }
        let due = |at: &Instant| *at <= now;
        let pending: Vec<_> = self
            .pending
            .iter()
            .filter(|(_, at)| due(at))
            .map(|(id, _)| id.clone())
            .collect();
        for member_id in pending {
            self.pending.remove(&member_id);
            self.complete_join_without_absent(now);
        }
        let silent = |member: &Member| member.can_expire() && due(&member.expires);
        let expired: Vec<_> = self
            .members
            .iter()
            .filter(|(_, m)| silent(m))
            .map(|(id, _)| id.clone())
            .collect();
        for member_id in expired {
            // A removal before it may have finished the rebalance this one waits in.
            if self.members.get(&member_id).is_some_and(silent) {
                self.remove_member(&member_id);
                self.rebalance_after_expiry(now);
            }
        }
        while let Some(timer) = self.join_timer.filter(|timer| timer.at <= now) {
            self.join_timer = None;
            self.join_time_is_up(now, timer);
        }
    }
}
