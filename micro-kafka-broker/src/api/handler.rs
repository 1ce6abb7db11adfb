//! What an API does with its request.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::api::ErrorCode;
use crate::meta::acl::{AclOperation, Asker, CLUSTER_NAME, ResourceType};
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
    /// The brokers of the cluster, each with its address for clients of the listener that was
    /// used: an address of another listener may be unreachable, or speak another protocol.
    pub(crate) fn brokers(&self) -> impl Iterator<Item = (i32, &Endpoint)> {
        let listener = self.listener;
        self.broker
            .nodes()
            .iter()
            .filter_map(move |node| Some((node.id, node.endpoints.get(listener)?)))
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

    /// This broker's address on the listener that was used.
    pub(crate) fn own_endpoint(&self) -> Option<&Endpoint> {
        let own = self.broker.node_id();
        self.brokers()
            .find_map(|(id, endpoint)| (id == own).then_some(endpoint))
    }
}
