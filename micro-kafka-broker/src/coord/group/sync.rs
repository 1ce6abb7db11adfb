//! Handing the leader's assignment to the members.

use std::collections::HashMap;
use std::time::Instant;

use bytes::Bytes;

use super::{Group, GroupError, GroupState, Reply, Sync, SyncReply, Token};

impl Group {
    pub(super) fn sync(&mut self, now: Instant, token: Token, sync: Sync) {
        if let Err(error) = self.check_sync(&sync) {
            return self.reply(token, Reply::Sync(Err(error)));
        }
        let member_id = sync.caller.member_id;
        self.unsynced.remove(&member_id);
        if self.unsynced.is_empty() {
            self.sync_timer = None;
        }
        let leads = self.leader.as_ref() == Some(&member_id);
        let Some(member) = self.members.get_mut(&member_id) else {
            return;
        };
        let superseded = member.syncing.replace(token);
        if let Some(superseded) = superseded {
            self.reply(
                superseded,
                Reply::Sync(Err(GroupError::RebalanceInProgress)),
            );
        }
        if self.state == GroupState::CompletingRebalance && leads {
            self.take_assignments(sync.assignments);
        }
        if self.state == GroupState::Stable {
            self.answer_syncs(now);
        }
    }

    fn check_sync(&self, sync: &Sync) -> Result<(), GroupError> {
        self.check_member(&sync.caller)?;
        if sync.caller.generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        let differs = |told: &Option<String>, own: &Option<String>| told.is_some() && told != own;
        if differs(&sync.protocol_type, &self.protocol_type)
            || differs(&sync.protocol_name, &self.protocol_name)
        {
            return Err(GroupError::InconsistentProtocol);
        }
        match self.state {
            GroupState::Empty => Err(GroupError::UnknownMember),
            GroupState::PreparingRebalance => Err(GroupError::RebalanceInProgress),
            GroupState::CompletingRebalance | GroupState::Stable => Ok(()),
        }
    }

    /// Members that the leader leaves out get nothing.
    fn take_assignments(&mut self, assignments: Vec<(String, Bytes)>) {
        let mut assignments: HashMap<_, _> = assignments.into_iter().collect();
        for (member_id, member) in &mut self.members {
            member.assignment = assignments.remove(member_id).unwrap_or_default();
        }
        self.enter(GroupState::Stable);
        self.keep();
    }

    fn answer_syncs(&mut self, now: Instant) {
        let mut answers = Vec::new();
        for member in self.members.values_mut() {
            if let Some(token) = member.syncing.take() {
                member.touch(now);
                answers.push((token, member.assignment.clone()));
            }
        }
        for (token, assignment) in answers {
            let reply = SyncReply {
                protocol_type: self.protocol_type.clone(),
                protocol_name: self.protocol_name.clone(),
                assignment,
            };
            self.reply(token, Reply::Sync(Ok(reply)));
        }
    }

    /// Sends back all who wait for the leader; their last assignment is void. While they waited their
    /// sessions stood still: they begin anew.
    pub(super) fn refuse_syncs(&mut self, now: Instant, error: GroupError) {
        let completing = self.state == GroupState::CompletingRebalance;
        let mut refused = Vec::new();
        for member in self.members.values_mut() {
            if completing {
                member.assignment = Bytes::new();
            }
            if let Some(token) = member.syncing.take() {
                member.touch(now);
                refused.push(token);
            }
        }
        for token in refused {
            self.reply(token, Reply::Sync(Err(error)));
        }
    }

    /// Members that never asked for their assignment are gone, and the others rebalance.
    pub(super) fn sync_time_is_up(&mut self, now: Instant) {
        let absent = std::mem::take(&mut self.unsynced);
        for member_id in &absent {
            self.remove_member(member_id);
        }
        if !absent.is_empty() {
            self.rebalance_after_removal(now);
        }
    }
}
