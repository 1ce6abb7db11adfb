//! What any bytes do to the broker, without sockets.

mod answers;
mod bombs;
mod confined;
mod fuzz;
mod topic_ids;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::connection::Peer;
use super::endpoint::{Endpoint, Node};
use super::state::{BrokerState, Plan};
use super::surroundings::Surroundings;
use crate::clock::BrokerClock;
use crate::meta::{BrokerConfig, NewTopic};
use crate::wire::sample::KNOWN_TOPIC;

/// A client of a broker with the topic `orders`.
pub(in crate::server) fn peer() -> Peer {
    let config = BrokerConfig::new([("num.partitions", "2")]).unwrap();
    let endpoint = Endpoint {
        host: "localhost".to_owned(),
        port: 9092,
    };
    let node = Node {
        id: 0,
        endpoints: vec![endpoint],
        config: Vec::new(),
    };
    let names = vec!["PLAINTEXT".to_owned()];
    let plan = Plan {
        config,
        node_id: 0,
        listeners: names,
        nodes: vec![node],
        data: None,
        remains: None,
        release: crate::Release::NEWEST,
        surroundings: Surroundings::new(BrokerClock::system()),
    };
    let broker = BrokerState::new(plan).unwrap();
    let orders = NewTopic {
        name: KNOWN_TOPIC.to_owned(),
        partitions: 3,
        replication_factor: 1,
        ..NewTopic::default()
    };
    broker.catalog().create_topic(&orders, false).unwrap();
    Peer {
        broker: Arc::new(broker),
        node: 0,
        listener: 0,
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
        connection: 1,
    }
}
