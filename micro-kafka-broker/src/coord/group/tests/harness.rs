//! A group, a clock and somebody who writes the answers down.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::coord::Moment;
use crate::coord::group::{
    Caller, Change, CommitPartition, CommittedOffset, Effect, Event, Group, GroupError,
    GroupLimits, Join, JoinReply, LeaveReply, Leaving, PartitionKey, Protocol, Reply, Sync,
    SyncReply, Token,
};

pub(super) const SESSION: Duration = Duration::from_secs(10);
pub(super) const REBALANCE: Duration = Duration::from_secs(60);

pub(super) fn limits() -> GroupLimits {
    GroupLimits {
        min_session_timeout: Duration::from_secs(6),
        max_session_timeout: Duration::from_secs(1800),
        initial_rebalance_delay: Duration::ZERO,
        max_size: 100,
        offset_metadata_max: 4096,
        offsets_retention: Duration::from_secs(604_800),
        cleanup_interval: Duration::from_secs(600),
    }
}

pub(super) struct Sim {
    pub(super) group: Group,
    pub(super) now: Instant,
    /// Wall time at the beginning.
    begin: Instant,
    next: u64,
    answers: BTreeMap<Token, Reply>,
    /// What was written down, in order.
    pub(super) changes: Vec<Change>,
}

/// A dynamic member that wants the id it sends.
pub(super) fn join(member_id: &str) -> Join {
    Join {
        member_id: member_id.to_owned(),
        instance_id: None,
        fresh_id: String::new(),
        client_id: "client".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        session_timeout: SESSION,
        rebalance_timeout: REBALANCE,
        protocol_type: "consumer".to_owned(),
        protocols: protocols(&["range"]),
        require_known_id: true,
        can_skip_assignment: true,
    }
}

pub(super) fn protocols(names: &[&str]) -> Vec<Protocol> {
    let protocol = |name: &&str| Protocol {
        name: (*name).to_owned(),
        metadata: Bytes::copy_from_slice(name.as_bytes()),
    };
    names.iter().map(protocol).collect()
}

pub(super) fn caller(generation: i32, member_id: &str) -> Caller {
    Caller {
        generation,
        member_id: member_id.to_owned(),
        instance_id: None,
    }
}

pub(super) fn commit_of(topic: &str, offset: i64) -> CommitPartition {
    CommitPartition {
        key: PartitionKey {
            topic: topic.into(),
            partition: 0,
        },
        committed: CommittedOffset {
            offset,
            ..CommittedOffset::default()
        },
    }
}

impl Sim {
    pub(super) fn new() -> Self {
        Self::with(limits())
    }

    pub(super) fn with(limits: GroupLimits) -> Self {
        let now = Instant::now();
        Self {
            group: Group::new(limits),
            now,
            begin: now,
            next: 0,
            answers: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    pub(super) fn send(&mut self, event: impl FnOnce(Token) -> Event) -> Token {
        let token = Token(self.next);
        self.next += 1;
        self.step(event(token));
        token
    }

    pub(super) fn step(&mut self, event: Event) {
        for effect in self.group.step(self.moment(), event) {
            match effect {
                Effect::Append(change) => self.changes.push(change),
                Effect::Reply(token, reply) => {
                    assert!(token.0 < self.next, "an answer to nothing");
                    let twice = self.answers.insert(token, reply);
                    assert!(twice.is_none(), "answered twice: {token:?}");
                }
            }
        }
    }

    pub(super) fn moment(&self) -> Moment {
        let passed = (self.now - self.begin).as_millis();
        Moment {
            instant: self.now,
            unix_millis: 1_000_000 + i64::try_from(passed).unwrap(),
        }
    }

    /// Lets time pass, timer by timer.
    pub(super) fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(at) = self.group.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.step(Event::Tick);
            if self.group.is_forgotten() {
                break;
            }
        }
        self.now = end;
    }

    pub(super) fn answer(&self, token: Token) -> Option<&Reply> {
        self.answers.get(&token)
    }

    pub(super) fn unanswered(&self) -> Vec<u64> {
        (0..self.next)
            .filter(|n| !self.answers.contains_key(&Token(*n)))
            .collect()
    }

    pub(super) fn joined(&self, token: Token) -> JoinReply {
        match self.answer(token) {
            Some(Reply::Join(reply)) => reply.clone(),
            other => panic!("not joined: {other:?}"),
        }
    }

    pub(super) fn join(&mut self, join: Join) -> Token {
        self.send(|token| Event::Join(token, join))
    }

    /// Gives a new member its id; it has not joined yet.
    pub(super) fn admit(&mut self, fresh_id: &str) -> String {
        let token = self.join(Join {
            fresh_id: fresh_id.to_owned(),
            ..join("")
        });
        let reply = self.joined(token);
        assert_eq!(reply.error, Some(GroupError::MemberIdRequired));
        reply.member_id
    }

    pub(super) fn sync(&mut self, sync: Sync) -> Token {
        self.send(|token| Event::Sync(token, sync))
    }

    pub(super) fn sync_as(
        &mut self,
        generation: i32,
        member: &str,
        assignments: &[(&str, &'static str)],
    ) -> Token {
        let own = |(id, bytes): &(&str, &'static str)| {
            ((*id).to_owned(), Bytes::from_static(bytes.as_bytes()))
        };
        self.sync(Sync {
            caller: caller(generation, member),
            assignments: assignments.iter().map(own).collect(),
            ..Sync::default()
        })
    }

    pub(super) fn synced(&self, token: Token) -> Result<SyncReply, GroupError> {
        match self.answer(token) {
            Some(Reply::Sync(reply)) => reply.clone(),
            other => panic!("not synced: {other:?}"),
        }
    }

    pub(super) fn heartbeat(&mut self, caller: Caller) -> Result<(), GroupError> {
        let token = self.send(|token| Event::Heartbeat(token, caller));
        match self.answer(token) {
            Some(Reply::Heartbeat(reply)) => *reply,
            other => panic!("no heartbeat: {other:?}"),
        }
    }

    pub(super) fn leave(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
    ) -> Result<Vec<LeaveReply>, GroupError> {
        let leaving = Leaving {
            member_id: member_id.to_owned(),
            instance_id: instance_id.map(str::to_owned),
        };
        let token = self.send(|token| Event::Leave(token, vec![leaving]));
        match self.answer(token) {
            Some(Reply::Leave(reply)) => reply.clone(),
            other => panic!("did not leave: {other:?}"),
        }
    }

    pub(super) fn commit(
        &mut self,
        caller: Caller,
        commit: CommitPartition,
    ) -> Result<(), GroupError> {
        let token = self.send(|token| Event::Commit(token, caller, vec![commit]));
        match self.answer(token) {
            Some(Reply::Commit(Ok(outcomes))) => outcomes[0],
            Some(Reply::Commit(Err(error))) => Err(*error),
            other => panic!("no commit: {other:?}"),
        }
    }

    /// A stable group of `a` (the leader) and `b`; returns the generation.
    pub(super) fn stable_pair(&mut self) -> i32 {
        let (a, b) = (self.admit("a"), self.admit("b"));
        self.join(join(&a));
        let second = self.join(join(&b));
        let first = self.join(join(&a));
        let (first, second) = (self.joined(first), self.joined(second));
        assert_eq!(
            (first.generation, first.leader.as_str()),
            (second.generation, "a")
        );
        let generation = first.generation;
        let b_sync = self.sync_as(generation, &b, &[]);
        let a_sync = self.sync_as(generation, &a, &[("a", "0,1"), ("b", "2")]);
        assert_eq!(self.synced(a_sync).unwrap().assignment, "0,1");
        assert_eq!(self.synced(b_sync).unwrap().assignment, "2");
        generation
    }
}
