//! Accepts connections on one address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::connection::{Peer, serve};
use super::limits::{ConnectionLimits, Slot};
use super::state::BrokerState;

/// How long connections may take to end when the broker stops.
const STOP_WITHIN: Duration = Duration::from_secs(1);
/// Pause after a failed accept: without descriptors left, the next one fails as well.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// One listening socket and the connections made through it.
#[derive(Debug)]
pub(super) struct Listener {
    /// The socket.
    pub(super) socket: TcpListener,
    /// Which listener of the broker this is.
    pub(super) index: usize,
    /// The broker.
    pub(super) broker: Arc<BrokerState>,
    /// How many connections all listeners let in.
    pub(super) limits: Arc<ConnectionLimits>,
    /// Becomes true, or loses its sender, when the broker stops.
    pub(super) stop: watch::Receiver<bool>,
    /// Dropped when everything has ended.
    pub(super) alive: mpsc::Sender<()>,
}

impl Listener {
    /// Accepts until the broker stops, then waits for the connections to end.
    pub(super) async fn run(mut self) {
        let mut connections = JoinSet::new();
        // Accepted, but there may be no room for it yet; the next ones wait in the socket.
        let mut next: Option<(TcpStream, SocketAddr)> = None;
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut self.stop) => break,
                slot = self.limits.room(), if next.is_some() => {
                    if let Some((stream, address)) = next.take() {
                        self.admit(slot, stream, address, &mut connections);
                    }
                }
                accepted = self.socket.accept(), if next.is_none() => match accepted {
                    Ok(accepted) => next = Some(accepted),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
        drop(self.socket);
        let open = connections.len();
        let ended = tokio::time::timeout(STOP_WITHIN, connections.shutdown());
        if ended.await.is_err() {
            tracing::warn!(connections = open, "connections cut off at stop");
        }
        drop(self.alive);
    }

    /// Serves a client, unless its host has too many connections.
    fn admit(
        &self,
        slot: Slot,
        stream: TcpStream,
        address: SocketAddr,
        connections: &mut JoinSet<()>,
    ) {
        match self.limits.admit(slot, address.ip()) {
            Ok(admitted) => {
                let peer = Peer {
                    broker: Arc::clone(&self.broker),
                    listener: self.index,
                    address,
                    connection: self.broker.next_connection(),
                };
                connections.spawn(serve(stream, peer, admitted));
            }
            Err(refused) => {
                tracing::info!(client = %address, reason = %refused, "connection refused");
            }
        }
    }
}

/// Waits until the broker is told to stop, or dropped.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the broker was dropped.
    let _ = stop.wait_for(|stop| *stop).await;
}
