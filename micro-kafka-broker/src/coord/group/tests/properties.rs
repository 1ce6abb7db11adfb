//! Members that do anything in any order: what must hold all the same.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::harness::*;
use crate::coord::group::Event;
use crate::coord::group::{
    Caller, GroupError, GroupLimits, GroupState, Join, Leaving, Reply, Sync, Token,
};

const PARTITIONS: usize = 6;

#[derive(Debug, Clone)]
enum Act {
    Join(usize),
    ChangeSubscription(usize),
    Sync(usize),
    Heartbeat(usize),
    Commit(usize),
    StaleCommit(usize, i32),
    Leave(usize),
    /// The process is gone and starts again without its member id.
    Restart(usize),
    Advance(u64),
}

fn act(members: usize) -> impl Strategy<Value = Act> {
    let member = 0..members;
    prop_oneof![
        6 => member.clone().prop_map(Act::Join),
        1 => member.clone().prop_map(Act::ChangeSubscription),
        6 => member.clone().prop_map(Act::Sync),
        2 => member.clone().prop_map(Act::Heartbeat),
        3 => member.clone().prop_map(Act::Commit),
        1 => (member.clone(), 1..5i32).prop_map(|(m, back)| Act::StaleCommit(m, back)),
        1 => member.clone().prop_map(Act::Leave),
        1 => member.prop_map(Act::Restart),
        2 => (1u64..8000).prop_map(Act::Advance),
    ]
}

/// What a client knows; clients with an odd number are static.
#[derive(Debug, Clone, Default)]
struct Client {
    member_id: String,
    generation: i32,
    subscription: u32,
    joining: Option<Token>,
    syncing: Option<(Token, i32)>,
    /// The members it was told as the leader.
    members: Vec<String>,
}

struct World {
    sim: Sim,
    clients: Vec<Client>,
    fresh: u32,
    /// Who was given a partition, by generation.
    owners: HashMap<(i32, usize), String>,
    newest: i32,
}

impl World {
    fn new(clients: usize, delay: u64) -> Self {
        let initial_rebalance_delay = Duration::from_millis(delay);
        Self {
            sim: Sim::with(GroupLimits {
                initial_rebalance_delay,
                ..limits()
            }),
            clients: vec![
                Client {
                    generation: -1,
                    ..Client::default()
                };
                clients
            ],
            fresh: 0,
            owners: HashMap::new(),
            newest: 0,
        }
    }

    fn instance(index: usize) -> Option<String> {
        (index % 2 == 1).then(|| format!("static-{index}"))
    }

    fn caller(&self, index: usize) -> Caller {
        Caller {
            generation: self.clients[index].generation,
            member_id: self.clients[index].member_id.clone(),
            instance_id: Self::instance(index),
        }
    }

    fn join(&mut self, index: usize) {
        self.fresh += 1;
        let client = &self.clients[index];
        let mut request = Join {
            instance_id: Self::instance(index),
            fresh_id: format!("m{}-{index}", self.fresh),
            ..join(&client.member_id)
        };
        request.protocols[0].metadata = Bytes::from(client.subscription.to_string());
        let token = self.sim.join(request);
        self.clients[index].joining = Some(token);
    }

    /// The leader spreads the partitions over the members it was told.
    fn sync(&mut self, index: usize) {
        let client = &self.clients[index];
        let mut parts: HashMap<&String, Vec<u8>> = HashMap::new();
        for partition in 0..PARTITIONS {
            if let Some(owner) = client.members.get(partition % client.members.len().max(1)) {
                parts
                    .entry(owner)
                    .or_default()
                    .push(u8::try_from(partition).unwrap());
            }
        }
        let sync = Sync {
            caller: self.caller(index),
            assignments: parts
                .into_iter()
                .map(|(id, p)| (id.clone(), p.into()))
                .collect(),
            ..Sync::default()
        };
        let generation = client.generation;
        let token = self.sim.sync(sync);
        self.clients[index].syncing = Some((token, generation));
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Join(index) => self.join(index),
            Act::ChangeSubscription(index) => self.clients[index].subscription += 1,
            Act::Sync(index) => self.sync(index),
            Act::Heartbeat(index) => {
                let caller = self.caller(index);
                if self.sim.heartbeat(caller) == Err(GroupError::UnknownMember) {
                    self.clients[index].member_id.clear();
                }
            }
            Act::Commit(index) => {
                let caller = self.caller(index);
                let current = caller.generation == self.newest;
                let accepted = self.sim.commit(caller.clone(), commit_of("t", 1)).is_ok();
                let by_nobody =
                    caller.generation < 0 && self.sim.group.state() == GroupState::Empty;
                assert!(
                    !accepted || current || by_nobody,
                    "a stale generation committed"
                );
            }
            Act::StaleCommit(index, back) => {
                let mut caller = self.caller(index);
                caller.generation = (self.newest - back).max(0);
                let refused = self.sim.commit(caller, commit_of("t", 1));
                assert!(
                    self.newest == 0 || refused.is_err(),
                    "a stale generation committed"
                );
            }
            Act::Leave(index) => {
                let leaving = Leaving {
                    member_id: self.clients[index].member_id.clone(),
                    instance_id: Self::instance(index),
                };
                self.sim.send(|token| Event::Leave(token, vec![leaving]));
            }
            Act::Restart(index) => {
                self.clients[index] = Client {
                    generation: -1,
                    ..Client::default()
                }
            }
            Act::Advance(millis) => self.sim.advance(Duration::from_millis(millis)),
        }
        self.read_answers();
    }

    fn read_answers(&mut self) {
        for client in &mut self.clients {
            if let Some(Reply::Join(reply)) = client.joining.and_then(|t| self.sim.answer(t)) {
                client.joining = None;
                match reply.error {
                    None => {
                        client.member_id.clone_from(&reply.member_id);
                        client.generation = reply.generation;
                        client.members =
                            reply.members.iter().map(|m| m.member_id.clone()).collect();
                        self.newest = self.newest.max(reply.generation);
                    }
                    Some(GroupError::MemberIdRequired) => {
                        client.member_id.clone_from(&reply.member_id)
                    }
                    Some(GroupError::UnknownMember | GroupError::FencedInstance) => {
                        client.member_id.clear()
                    }
                    Some(_) => {}
                }
            }
            let Some((token, generation)) = client.syncing else {
                continue;
            };
            let Some(Reply::Sync(reply)) = self.sim.answer(token) else {
                continue;
            };
            client.syncing = None;
            let Ok(reply) = reply else { continue };
            for partition in &reply.assignment {
                let owner = self.owners.entry((generation, usize::from(*partition)));
                let owner = owner.or_insert_with(|| client.member_id.clone());
                // A static member hands its partitions to its next incarnation.
                let same = *owner == client.member_id
                    || owner.rsplit('-').next() == client.member_id.rsplit('-').next();
                assert!(
                    same,
                    "partition {partition} of generation {generation}: {owner} and {}",
                    client.member_id
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_partition_twice_no_stale_commit_and_every_request_is_answered(
        acts in proptest::collection::vec(act(5), 1..120),
        delay in prop_oneof![Just(0u64), Just(3000)],
    ) {
        let mut world = World::new(5, delay);
        for act in &acts {
            world.act(act);
            world.sim.check_replay();
        }
        // Everybody falls silent: sessions and rebalances run out.
        for _ in 0..8 {
            world.sim.advance(Duration::from_secs(400));
        }
        world.sim.check_replay();
        prop_assert_eq!(world.sim.unanswered(), Vec::<u64>::new());
        prop_assert_eq!(world.sim.group.state(), GroupState::Empty);
        prop_assert!(world.sim.group.describe().members.is_empty());
    }

    #[test]
    fn members_that_follow_the_protocol_always_become_stable(
        acts in proptest::collection::vec(act(4), 0..60),
    ) {
        let mut world = World::new(4, 0);
        for act in &acts {
            world.act(act);
        }
        // Processes that died are silent until their sessions end; these four live on.
        for index in 0..4 {
            world.act(&Act::Restart(index));
        }
        for _ in 0..8 {
            world.sim.advance(Duration::from_secs(400));
        }
        for _ in 0..40 {
            for index in 0..4 {
                let client = world.clients[index].clone();
                if client.joining.is_some() || client.syncing.is_some() {
                    continue;
                }
                let caller = world.caller(index);
                let alive = !client.member_id.is_empty() && client.generation >= 0;
                match alive.then(|| world.sim.heartbeat(caller)) {
                    Some(Ok(())) => world.act(&Act::Sync(index)),
                    _ => world.act(&Act::Join(index)),
                }
            }
        }
        prop_assert_eq!(world.sim.group.state(), GroupState::Stable);
        prop_assert_eq!(world.sim.group.describe().members.len(), 4);
    }
}
