//! Joining: new members, known ones, and static ones that replace themselves.

use std::time::{Duration, Instant};

use super::member::Member;
use super::{Caller, Group, GroupError, GroupState, Join, JoinReply, Reply, Token};

/// How long a member may wait for its first rebalance: it cannot send heartbeats before it knows
/// its id, and its disconnect is not seen.
const NEW_MEMBER_TIMEOUT: Duration = Duration::from_secs(300);

impl Group {
    pub(super) fn join(&mut self, now: Instant, token: Token, join: Join) {
        if !self.allows_session(join.session_timeout) {
            let error = GroupError::InvalidSessionTimeout;
            return self.refuse_join(token, error, join.member_id);
        }
        if self.is_forgotten() {
            if !join.member_id.is_empty() {
                return self.refuse_join(token, GroupError::UnknownMember, join.member_id);
            }
            self.enter(GroupState::Empty);
            self.keep();
        }
        if !self.has_room_for(&join.member_id) {
            // It joins too late for its place.
            self.remove_member(&join.member_id);
            return self.refuse_join(token, GroupError::MaxSizeReached, String::new());
        }
        if !self.matches_protocols(&join) {
            let error = GroupError::InconsistentProtocol;
            return self.refuse_join(token, error, join.member_id);
        }
        match join.member_id.is_empty() {
            true => self.join_new(now, token, join),
            false => self.join_known(now, token, join),
        }
    }

    fn allows_session(&self, timeout: Duration) -> bool {
        let limits = &self.limits;
        (limits.min_session_timeout..=limits.max_session_timeout).contains(&timeout)
    }

    fn has_room_for(&self, member_id: &str) -> bool {
        let known = self.members.get(member_id);
        match self.state {
            GroupState::Empty => true,
            GroupState::PreparingRebalance => {
                let joining = self
                    .members
                    .values()
                    .filter(|m| m.joining.is_some())
                    .count();
                known.is_some_and(|m| m.joining.is_some()) || joining < self.limits.max_size
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                known.is_some() || self.members.len() < self.limits.max_size
            }
        }
    }

    fn matches_protocols(&self, join: &Join) -> bool {
        if self.state == GroupState::Empty {
            return !join.protocol_type.is_empty() && !join.protocols.is_empty();
        }
        // A group that all members have left, but where one is still expected, stays what it is for.
        let by_all = |name: &str| self.members.values().all(|member| member.supports(name));
        self.protocol_type.as_deref() == Some(join.protocol_type.as_str())
            && join.protocols.iter().any(|protocol| by_all(&protocol.name))
    }

    fn join_new(&mut self, now: Instant, token: Token, join: Join) {
        let member_id = join.fresh_id.clone();
        let holder = join
            .instance_id
            .as_ref()
            .and_then(|name| self.instances.get(name));
        if let Some(holder) = holder.cloned() {
            return self.replace_static(now, token, &holder, join);
        }
        if join.require_known_id && join.instance_id.is_none() {
            self.pending
                .insert(member_id.clone(), now + join.session_timeout);
            return self.refuse_join(token, GroupError::MemberIdRequired, member_id);
        }
        self.add_member(now, token, member_id, join);
    }

    fn join_known(&mut self, now: Instant, token: Token, join: Join) {
        let member_id = join.member_id.clone();
        if join.instance_id.is_none() && self.pending.remove(&member_id).is_some() {
            return self.add_member(now, token, member_id, join);
        }
        let caller = Caller {
            member_id: member_id.clone(),
            instance_id: join.instance_id.clone(),
            generation: self.generation,
        };
        if let Err(error) = self.check_member(&caller) {
            return self.refuse_join(token, error, member_id);
        }
        let same = self
            .members
            .get(&member_id)
            .is_some_and(|m| m.protocols == join.protocols);
        let leads = self.leader.as_ref() == Some(&member_id);
        match self.state {
            // The answer to its last join got lost.
            GroupState::CompletingRebalance if same => self.answer_join(token, &member_id, leads),
            GroupState::Stable if same && !leads => self.answer_join(token, &member_id, false),
            GroupState::Empty
            | GroupState::PreparingRebalance
            | GroupState::CompletingRebalance
            | GroupState::Stable => {
                self.update_member(token, &member_id, join);
                self.prepare_or_complete(now);
            }
        }
    }

    fn add_member(&mut self, now: Instant, token: Token, member_id: String, join: Join) {
        if self.state == GroupState::PreparingRebalance
            && self.initial
            && let Some(timer) = &mut self.join_timer
        {
            timer.extend = true;
        }
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type.clone());
        }
        if let Some(name) = &join.instance_id {
            self.instances.insert(name.clone(), member_id.clone());
        }
        self.leader.get_or_insert_with(|| member_id.clone());
        self.members.insert(
            member_id,
            Member::new(join, token, now + NEW_MEMBER_TIMEOUT),
        );
        self.prepare_or_complete(now);
    }

    fn update_member(&mut self, token: Token, member_id: &str, join: Join) {
        let Some(member) = self.members.get_mut(member_id) else {
            return;
        };
        member.protocols = join.protocols;
        member.session_timeout = join.session_timeout;
        member.rebalance_timeout = join.rebalance_timeout;
        member.client_id = join.client_id;
        member.client_host = join.client_host;
        if let Some(superseded) = member.joining.replace(token) {
            self.refuse_join(
                superseded,
                GroupError::RebalanceInProgress,
                member_id.to_owned(),
            );
        }
    }

    /// A static member came back without its id: it takes its own place under a new one.
    fn replace_static(&mut self, now: Instant, token: Token, old_id: &str, join: Join) {
        let new_id = join.fresh_id.clone();
        let Some(mut member) = self.members.remove(old_id) else {
            return self.refuse_join(token, GroupError::UnknownMember, new_id);
        };
        self.fence(&mut member, old_id);
        if self.unsynced.remove(old_id) {
            self.unsynced.insert(new_id.clone());
        }
        if let Some(name) = &join.instance_id {
            self.instances.insert(name.clone(), new_id.clone());
        }
        let old_leader = self.leader.clone();
        if self.leader.as_deref() == Some(old_id) {
            self.leader = Some(new_id.clone());
        }
        member.is_new = false;
        member.touch(now);
        let can_skip = join.can_skip_assignment;
        self.members.insert(new_id.clone(), member);
        self.update_member(token, &new_id, join);
        self.touch(now, &new_id);
        if self.state != GroupState::Stable || self.choose_protocol() != self.protocol_name {
            // In the middle of a rebalance the leader may know the old id already.
            return self.prepare_or_complete(now);
        }
        if let Some(member) = self.members.get_mut(&new_id) {
            member.joining = None;
        }
        self.keep();
        let leads = self.leader.as_ref() == Some(&new_id);
        let mut reply = self.join_reply(&new_id, leads && can_skip);
        reply.skip_assignment = leads && can_skip;
        if !can_skip {
            // Told the old leader's id, it does not take itself for the leader of a group that
            // would not pass its assignment on.
            reply.leader = old_leader.unwrap_or_default();
        }
        self.reply(token, Reply::Join(reply));
    }

    /// Ends the requests of the instance that was replaced.
    fn fence(&mut self, member: &mut Member, old_id: &str) {
        if let Some(token) = member.joining.take() {
            self.refuse_join(token, GroupError::FencedInstance, old_id.to_owned());
        }
        if let Some(token) = member.syncing.take() {
            self.reply(token, Reply::Sync(Err(GroupError::FencedInstance)));
        }
    }

    pub(super) fn refuse_join(&mut self, token: Token, error: GroupError, member_id: String) {
        let reply = JoinReply {
            error: Some(error),
            member_id,
            generation: -1,
            protocol_type: None,
            protocol_name: None,
            leader: String::new(),
            skip_assignment: false,
            members: Vec::new(),
        };
        self.reply(token, Reply::Join(reply));
    }

    fn answer_join(&mut self, token: Token, member_id: &str, with_members: bool) {
        let reply = self.join_reply(member_id, with_members);
        self.reply(token, Reply::Join(reply));
    }
}
