//! From what was written down back to the groups.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::member::Member;
use super::record::{GroupMetadataValue, Kept, MemberMetadata};
use super::{Group, GroupLimits, GroupState, Protocol};
use crate::batch::Verdict;
use crate::coord::{Entry, Moment, StateRecord};

/// Groups as the entries of one partition tell of them, taken in order.
#[derive(Debug)]
pub(crate) struct GroupReplay {
    limits: GroupLimits,
    now: Moment,
    groups: BTreeMap<String, Group>,
    /// The groups that a producer's open transaction has offsets for.
    open: HashMap<i64, BTreeSet<String>>,
}

/// The groups of a partition, and those that open transactions have offsets for, by producer.
#[derive(Debug)]
pub(crate) struct LoadedGroups {
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) open: HashMap<i64, BTreeSet<String>>,
}

impl GroupReplay {
    /// No groups; sessions begin anew at `now`.
    pub(crate) fn new(limits: GroupLimits, now: Moment) -> Self {
        Self {
            limits,
            now,
            groups: BTreeMap::new(),
            open: HashMap::new(),
        }
    }

    /// Takes the next entry.
    pub(crate) fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Marker(producer_id, verdict) => self.end(producer_id, verdict),
            Entry::Record(record, producer) => {
                self.take_record(record, producer.map(|producer| producer.id));
            }
        }
    }

    /// The groups after the last entry.
    pub(crate) fn finish(mut self) -> LoadedGroups {
        self.groups.retain(|_, group| !group.is_forgotten());
        for group in self.groups.values_mut() {
            group.shrink(self.now);
        }
        LoadedGroups {
            groups: self.groups,
            open: self.open,
        }
    }

    fn take_record(&mut self, record: StateRecord, producer_id: Option<i64>) {
        match Kept::read(record) {
            Ok(Kept::Offset(group, key, Some(committed))) => {
                let offsets = &mut self.group(&group).offsets;
                match producer_id {
                    None => offsets.commit(key, committed),
                    Some(id) => {
                        offsets.hold(id, key, committed);
                        self.open.entry(id).or_default().insert(group.clone());
                    }
                }
                self.group(&group).exists = true;
            }
            Ok(Kept::Offset(group, key, None)) => {
                if let Some(group) = self.groups.get_mut(&group) {
                    group.offsets.forget(&key);
                }
            }
            Ok(Kept::Group(group, Some(value))) => {
                let now = self.now.instant;
                self.group(&group).restore(now, value);
            }
            Ok(Kept::Group(group, None)) => {
                self.groups.remove(&group);
            }
            Ok(Kept::Other(version)) => {
                tracing::debug!(version, "a record of an unknown kind is left out");
            }
            Err(error) => {
                tracing::error!(%error, "a group's record cannot be read and is left out")
            }
        }
    }

    fn end(&mut self, producer_id: i64, verdict: Verdict) {
        for group in self.open.remove(&producer_id).into_iter().flatten() {
            if let Some(group) = self.groups.get_mut(&group) {
                group.end_transaction(producer_id, verdict == Verdict::Commit);
            }
        }
    }

    fn group(&mut self, group_id: &str) -> &mut Group {
        let new = || Group::new(self.limits);
        self.groups.entry(group_id.to_owned()).or_insert_with(new)
    }
}

impl Group {
    /// What is written down when a rebalance has ended.
    pub(super) fn metadata(&self) -> GroupMetadataValue {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        let member = |(id, member): (&String, &Member)| member.kept(id, protocol);
        GroupMetadataValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol_name.clone(),
            leader: self.leader.clone(),
            current_state_timestamp: self.entered_at,
            members: self.members.iter().map(member).collect(),
        }
    }

    /// Takes over what was written down; only the offsets stay as they are.
    fn restore(&mut self, now: Instant, value: GroupMetadataValue) {
        self.exists = true;
        self.generation = value.generation;
        self.protocol_type = Some(value.protocol_type).filter(|kind| !kind.is_empty());
        self.protocol_name = value.protocol;
        self.leader = value.leader;
        self.entered_at = value.current_state_timestamp;
        self.state = match value.members.is_empty() {
            true => GroupState::Empty,
            false => GroupState::Stable,
        };
        self.instances.clear();
        self.members.clear();
        let protocol = self.protocol_name.clone().unwrap_or_default();
        for kept in value.members {
            if let Some(name) = &kept.group_instance_id {
                self.instances.insert(name.clone(), kept.member_id.clone());
            }
            let id = kept.member_id.clone();
            self.members
                .insert(id, Member::restored(kept, &protocol, now));
        }
        self.subscribed = self.subscribed_topics();
    }

    /// Has a group rebalance that has become too large for a new limit.
    fn shrink(&mut self, now: Moment) {
        self.unix_millis = now.unix_millis;
        if self.members.len() > self.limits.max_size {
            self.prepare_rebalance(now.instant);
        }
    }
}

impl Member {
    fn kept(&self, member_id: &str, protocol: &str) -> MemberMetadata {
        let millis = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
        MemberMetadata {
            member_id: member_id.to_owned(),
            group_instance_id: self.instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            rebalance_timeout: millis(self.rebalance_timeout),
            session_timeout: millis(self.session_timeout),
            subscription: self.metadata(protocol),
            assignment: self.assignment.clone(),
        }
    }

    /// The member with a new session. Only the chosen assignor is known of it.
    fn restored(kept: MemberMetadata, protocol: &str, now: Instant) -> Self {
        let millis = |time: i32| u64::try_from(time).map(Duration::from_millis).ok();
        let session_timeout = millis(kept.session_timeout).unwrap_or_default();
        Self {
            instance_id: kept.group_instance_id,
            client_id: kept.client_id,
            client_host: kept.client_host,
            session_timeout,
            // Versions without a rebalance timeout have the session's for it.
            rebalance_timeout: millis(kept.rebalance_timeout).unwrap_or(session_timeout),
            protocols: vec![Protocol {
                name: protocol.to_owned(),
                // The batch must not live as long as the membership.
                metadata: Bytes::copy_from_slice(&kept.subscription),
            }],
            assignment: Bytes::copy_from_slice(&kept.assignment),
            joining: None,
            syncing: None,
            is_new: false,
            expires: now + session_timeout,
        }
    }
}
