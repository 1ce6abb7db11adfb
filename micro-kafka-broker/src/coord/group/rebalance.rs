//! Rebalancing: gathering members and beginning a generation.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{Group, GroupError, GroupState, JoinReply, JoinedMember, Reply};

/// When the members that have joined go on without the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct JoinTimer {
    pub(super) at: Instant,
    /// For the first members of a group: how much longer it may wait for more.
    pub(super) remaining: Option<Duration>,
    /// Whether somebody new came while the first members waited.
    pub(super) extend: bool,
}

impl Group {
    /// Begins a rebalance, or goes on with the one under way.
    pub(super) fn prepare_or_complete(&mut self, now: Instant) {
        match self.state {
            GroupState::PreparingRebalance => self.complete_join_if_ready(now),
            GroupState::Empty | GroupState::CompletingRebalance | GroupState::Stable => {
                self.prepare_rebalance(now);
            }
        }
    }

    pub(super) fn prepare_rebalance(&mut self, now: Instant) {
        self.refuse_syncs(now, GroupError::RebalanceInProgress);
        self.unsynced.clear();
        self.sync_timer = None;
        self.initial = self.state == GroupState::Empty;
        self.enter(GroupState::PreparingRebalance);
        if self.initial {
            let delay = self.limits.initial_rebalance_delay;
            self.join_timer = Some(JoinTimer {
                at: now + delay,
                remaining: Some(self.rebalance_timeout().saturating_sub(delay)),
                extend: false,
            });
        } else if self.all_joined() {
            self.complete_join(now);
        } else {
            self.wait_for_joins(now);
        }
    }

    pub(super) fn complete_join_if_ready(&mut self, now: Instant) {
        if !self.initial {
            self.complete_join_without_absent(now);
        }
    }

    /// Goes on if nobody is absent any more: in a new group too, which would wait for others.
    pub(super) fn complete_join_without_absent(&mut self, now: Instant) {
        if self.state == GroupState::PreparingRebalance && self.all_joined() {
            self.complete_join(now);
        }
    }

    pub(super) fn join_time_is_up(&mut self, now: Instant, timer: JoinTimer) {
        let remaining = timer.remaining.unwrap_or_default();
        if !timer.extend || remaining.is_zero() {
            return self.complete_join(now);
        }
        let delay = self.limits.initial_rebalance_delay.min(remaining);
        self.join_timer = Some(JoinTimer {
            at: now + delay,
            remaining: Some(remaining.saturating_sub(delay)),
            extend: false,
        });
    }

    fn wait_for_joins(&mut self, now: Instant) {
        self.join_timer = Some(JoinTimer {
            at: now + self.rebalance_timeout(),
            remaining: None,
            extend: false,
        });
    }

    fn all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    /// The longest time that a member asks for.
    fn rebalance_timeout(&self) -> Duration {
        self.members
            .values()
            .map(|m| m.rebalance_timeout)
            .max()
            .unwrap_or_default()
    }

    /// Goes on with those who have joined; static members that have not keep their place.
    fn complete_join(&mut self, now: Instant) {
        self.join_timer = None;
        let late = |m: &super::member::Member| m.joining.is_none() && m.instance_id.is_none();
        let late: Vec<_> = self
            .members
            .iter()
            .filter(|(_, m)| late(m))
            .map(|(id, _)| id.clone())
            .collect();
        for member_id in late {
            self.remove_member(&member_id);
        }
        if self.members.is_empty() {
            return self.become_empty();
        }
        if !self.elect_joined_leader() {
            // Only absent static members are left: wait until their sessions end or they return.
            self.initial = false;
            return self.wait_for_joins(now);
        }
        self.begin_generation(now);
    }

    fn begin_generation(&mut self, now: Instant) {
        self.initial = false;
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        self.protocol_name = self.choose_protocol();
        self.subscribed = self.subscribed_topics();
        self.enter(GroupState::CompletingRebalance);
        self.unsynced = self.members.keys().cloned().collect();
        self.sync_timer = Some(now + self.rebalance_timeout());
        let ids: Vec<_> = self.members.keys().cloned().collect();
        for member_id in ids {
            let leads = self.leader.as_ref() == Some(&member_id);
            let Some(member) = self.members.get_mut(&member_id) else {
                continue;
            };
            member.is_new = false;
            let Some(token) = member.joining.take() else {
                continue;
            };
            member.touch(now);
            let reply = self.join_reply(&member_id, leads);
            self.reply(token, Reply::Join(reply));
        }
    }

    fn become_empty(&mut self) {
        self.initial = false;
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        self.protocol_name = None;
        self.leader = None;
        self.subscribed = self.subscribed_topics();
        self.enter(GroupState::Empty);
        self.join_timer = None;
        self.sync_timer = None;
        self.unsynced.clear();
        self.keep();
    }

    /// Makes sure that the leader is one who has joined.
    fn elect_joined_leader(&mut self) -> bool {
        let joined = |id: &String| self.members.get(id).is_some_and(|m| m.joining.is_some());
        if self.leader.as_ref().is_some_and(joined) {
            return true;
        }
        let next = self.members.keys().find(|id| joined(id)).cloned();
        if next.is_none() {
            return false;
        }
        self.leader = next;
        true
    }

    /// The assignor that all members support and most of them prefer.
    pub(super) fn choose_protocol(&self) -> Option<String> {
        let by_all = |name: &str| self.members.values().all(|member| member.supports(name));
        let mut votes: HashMap<&str, usize> = HashMap::new();
        for member in self.members.values() {
            let vote = member
                .protocols
                .iter()
                .find(|protocol| by_all(&protocol.name));
            *votes
                .entry(vote.map_or("", |protocol| &protocol.name))
                .or_default() += 1;
        }
        votes.remove("");
        // Kafka takes the first with the most votes in the order of a Java hash map.
        let buckets = (votes.len() * 4).div_ceil(3).next_power_of_two().max(16);
        let rank = |(name, count): &(&str, usize)| {
            let bucket = java_hash(name) as usize % buckets;
            (*count, std::cmp::Reverse((bucket, (*name).to_owned())))
        };
        let most = votes.into_iter().max_by_key(rank);
        most.map(|(name, _)| name.to_owned())
    }

    /// Removes a member; what it waits for is answered.
    pub(super) fn remove_member(&mut self, member_id: &str) {
        let Some(member) = self.members.remove(member_id) else {
            return;
        };
        if let Some(token) = member.joining {
            // As in Kafka without its id.
            self.refuse_join(token, GroupError::UnknownMember, String::new());
        }
        if let Some(token) = member.syncing {
            self.reply(token, Reply::Sync(Err(GroupError::UnknownMember)));
        }
        self.unsynced.remove(member_id);
        if let Some(name) = &member.instance_id {
            self.instances.remove(name);
        }
        if self.leader.as_deref() == Some(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    /// What the end of a session leads to.
    pub(super) fn rebalance_after_expiry(&mut self, now: Instant) {
        match self.state {
            GroupState::PreparingRebalance => self.complete_join_without_absent(now),
            GroupState::Empty | GroupState::CompletingRebalance | GroupState::Stable => {
                self.rebalance_after_removal(now);
            }
        }
    }

    /// What members that leave lead to.
    pub(super) fn rebalance_after_removal(&mut self, now: Instant) {
        match self.state {
            GroupState::Empty => {}
            GroupState::PreparingRebalance => self.complete_join_if_ready(now),
            GroupState::CompletingRebalance | GroupState::Stable => self.prepare_rebalance(now),
        }
    }

    pub(super) fn join_reply(&self, member_id: &str, with_members: bool) -> JoinReply {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        let joined = |(id, member): (&String, &super::member::Member)| JoinedMember {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            metadata: member.metadata(protocol),
        };
        JoinReply {
            error: None,
            member_id: member_id.to_owned(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            skip_assignment: false,
            members: match with_members {
                true => self.members.iter().map(joined).collect(),
                false => Vec::new(),
            },
        }
    }
}

/// The hash of a text in a Java hash map.
fn java_hash(text: &str) -> u32 {
    let hash = text.encode_utf16().fold(0_u32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(u32::from(unit))
    });
    hash ^ hash >> 16
}
