//! What an API does with its request.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::api::ErrorCode;
use crate::api::coordinators::{Groups, Transactions};
use crate::coord::partition_of;
use crate::meta::acl::{AclOperation, Asker, CLUSTER_NAME, ResourceType};
use crate::meta::{NO_LEADER, StateTopic};
use crate::server::{BrokerState, Endpoint};
use crate::wire::Request;

/// A request that this broker serves.
pub(crate) trait Handler: Request {
    /// Answers the request.
    ///
    /// The future is dropped when the client disconnects or the broker stops, so it must leave
    /// the state whole at every await.
    fn handle(
        self,
        context: &RequestContext,
    ) -> impl Future<Output = Answer<Self::Response>> + Send;
}

/// What follows from a request.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer<R> {
    /// This response.
    Reply(R),
    /// No response: the client wants none (Produce with `acks=0`).
    Silence,
    /// The connection is closed, for the reason given: the only way to tell a client that wants
    /// no response.
    Close(&'static str),
}

impl<R> From<R> for Answer<R> {
    fn from(response: R) -> Self {
        Self::Reply(response)
    }
}

/// Who a client is that has not said so.
const ANONYMOUS: &str = "User:ANONYMOUS";

/// Where a request came from.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    /// The broker that was asked.
    pub(crate) broker: Arc<BrokerState>,
    /// Its id, or that of the one that was asked of several brokers in this process.
    pub(crate) node: i32,
    /// Which of its listeners, as an index.
    pub(crate) listener: usize,
    /// The version of the request.
    pub(crate) version: i16,
    /// The client's name for itself.
    pub(crate) client_id: Option<String>,
    /// The client's address.
    pub(crate) peer: SocketAddr,
}

impl RequestContext {
    /// The brokers of the cluster that run, each with its address for clients of the listener that
    /// was used: an address of another listener may be unreachable, or speak another protocol.
    pub(crate) fn brokers(&self) -> impl Iterator<Item = (i32, &Endpoint)> {
        let (listener, image) = (self.listener, self.broker.catalog().image());
        self.broker
            .nodes()
            .iter()
            .filter(move |node| image.is_live(node.id))
            .filter_map(move |node| Some((node.id, node.endpoints.get(listener)?)))
    }

    /// The broker that acts as the controller: the first one that runs.
    pub(crate) fn controller(&self) -> i32 {
        let image = self.broker.catalog().image();
        image.live().first().copied().unwrap_or(self.node)
    }

    /// The broker that coordinates a group or a transactional id: the one that leads the partition of
    /// the topic where it is kept. `None` without that topic, or without a leader.
    pub(crate) fn coordinator_of(&self, which: StateTopic, id: &str) -> Option<i32> {
        let image = self.broker.catalog().image();
        let topic = image.topic(which.name())?;
        let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        let info = topic.partition(partition_of(id, count))?;
        (info.leader != NO_LEADER).then_some(info.leader)
    }

    /// Whether the broker that was asked coordinates a group or a transactional id. A broker that is
    /// alone coordinates all, those too that there are not yet.
    pub(crate) fn coordinates(&self, which: StateTopic, id: &str) -> bool {
        self.broker.nodes().len() == 1 || self.coordinator_of(which, id) == Some(self.node)
    }

    /// The groups, for those who ask this broker.
    pub(crate) fn groups(&self) -> Groups<'_> {
        Groups::new(self)
    }

    /// The transactional ids, for those who ask this broker.
    pub(crate) fn transactions(&self) -> Transactions<'_> {
        Transactions::new(self)
    }

    /// Whether the client may do `operation` with a resource.
    pub(crate) fn may(&self, operation: AclOperation, resource: ResourceType, name: &str) -> bool {
        let host = self.peer.ip().to_canonical().to_string();
        let asker = Asker {
            principal: ANONYMOUS,
            host: &host,
        };
        let access = self.broker.access();
        access.is_none_or(|access| access.allows(asker, operation, resource, name))
    }

    /// Whether the client may do `operation` with the cluster.
    ///
    /// # Errors
    /// `CLUSTER_AUTHORIZATION_FAILED`.
    pub(crate) fn check_cluster(&self, operation: AclOperation) -> Result<(), ErrorCode> {
        let may = self.may(operation, ResourceType::Cluster, CLUSTER_NAME);
        may.then_some(())
            .ok_or(ErrorCode::CLUSTER_AUTHORIZATION_FAILED)
    }

    /// A broker's address on the listener that was used, if the broker runs.
    pub(crate) fn endpoint_of(&self, broker: i32) -> Option<&Endpoint> {
        self.brokers()
            .find_map(|(id, endpoint)| (id == broker).then_some(endpoint))
    }
}
