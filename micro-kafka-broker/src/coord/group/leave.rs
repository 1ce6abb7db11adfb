//! Leaving.

use std::time::Instant;

use super::{Caller, Group, GroupError, LeaveReply, Leaving, Reply, Token};

impl Group {
    pub(super) fn leave(&mut self, now: Instant, token: Token, leaving: Vec<Leaving>) {
        if self.is_forgotten() {
            // As in Kafka the group is not refused, but each member is.
            let unknown = |leaving: Leaving| LeaveReply {
                member_id: leaving.member_id,
                instance_id: leaving.instance_id,
                error: Some(GroupError::UnknownMember),
            };
            let replies = leaving.into_iter().map(unknown).collect();
            return self.reply(token, Reply::Leave(Ok(replies)));
        }
        let mut replies = Vec::with_capacity(leaving.len());
        for Leaving {
            member_id,
            instance_id,
        } in leaving
        {
            let outcome = self.leave_one(&member_id, instance_id.as_deref());
            replies.push(LeaveReply {
                member_id,
                instance_id,
                error: outcome.err(),
            });
        }
        // One that had its id and never joined counts too: a stable group rebalances without it.
        if replies.iter().any(|reply| reply.error.is_none()) {
            self.rebalance_after_removal(now);
        }
        self.reply(token, Reply::Leave(Ok(replies)));
    }

    fn leave_one(&mut self, member_id: &str, instance_id: Option<&str>) -> Result<(), GroupError> {
        if member_id.is_empty() {
            // Operators remove static members by name alone.
            let holder = instance_id
                .and_then(|name| self.instances.get(name))
                .cloned();
            let holder = holder.ok_or(GroupError::UnknownMember)?;
            self.remove_member(&holder);
            return Ok(());
        }
        if self.pending.remove(member_id).is_some() {
            return Ok(());
        }
        self.check_member(&Caller {
            generation: self.generation,
            member_id: member_id.to_owned(),
            instance_id: instance_id.map(str::to_owned),
        })?;
        self.remove_member(member_id);
        Ok(())
    }
}
