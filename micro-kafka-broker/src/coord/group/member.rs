//! One member of a group.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Join, Protocol, Token};

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    pub(super) protocols: Vec<Protocol>,
    pub(super) assignment: Bytes,
    /// The join that waits for the rebalance.
    pub(super) joining: Option<Token>,
    /// The sync that waits for the leader.
    pub(super) syncing: Option<Token>,
    /// Whether it has not yet been told its id by a finished join.
    pub(super) is_new: bool,
    /// When its session ends.
    pub(super) expires: Instant,
}

impl Member {
    pub(super) fn new(join: Join, token: Token, expires: Instant) -> Self {
        Self {
            instance_id: join.instance_id,
            client_id: join.client_id,
            client_host: join.client_host,
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            protocols: join.protocols,
            assignment: Bytes::new(),
            joining: Some(token),
            syncing: None,
            is_new: true,
            expires,
        }
    }

    /// What the member says to the assignor `protocol`.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        let found = self.protocols.iter().find(|known| known.name == protocol);
        found
            .map(|known| known.metadata.clone())
            .unwrap_or_default()
    }

    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|known| known.name == protocol)
    }

    /// Renews the session.
    pub(super) fn touch(&mut self, now: Instant) {
        self.expires = now + self.session_timeout;
    }

    /// Whether the session can end: a known member that waits for the group is alive.
    pub(super) fn can_expire(&self) -> bool {
        self.is_new || self.joining.is_none() && self.syncing.is_none()
    }
}
