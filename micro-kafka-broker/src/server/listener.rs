//! Accepts connections on one address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::connection::{Peer, serve};
use super::door::Door;
use super::limits::{ConnectionLimits, Slot};
use super::state::BrokerState;

/// How long connections may take to end when the broker stops.
const STOP_WITHIN: Duration = Duration::from_secs(1);
/// Pause after a failed accept: without descriptors left, the next one fails as well.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// One listening socket and the connections made through it.
#[derive(Debug)]
pub(super) struct Listener {
    /// Where it listens.
    pub(super) door: Arc<Door>,
    /// The socket, as long as it listens.
    pub(super) socket: Option<TcpListener>,
    /// Which listener of the broker this is.
    pub(super) index: usize,
    /// The broker's id.
    pub(super) node: i32,
    /// The broker.
    pub(super) broker: Arc<BrokerState>,
    /// How many connections all listeners let in.
    pub(super) limits: Arc<ConnectionLimits>,
    /// Becomes true, or loses its sender, when the broker stops.
    pub(super) stop: watch::Receiver<bool>,
    /// Dropped when everything has ended: that of this broker, and that of all.
    pub(super) alive: [mpsc::Sender<()>; 2],
}

impl Listener {
    /// Accepts until the broker stops, then waits for the connections to end.
    pub(super) async fn run(mut self) {
        let mut connections = JoinSet::new();
        let mut refusing = self.broker.faults().switches().refusing();
        // Accepted, but there may be no room for it yet; the next ones wait in the socket.
        let mut next: Option<(TcpStream, SocketAddr)> = None;
        loop {
            self.open_or_close(*refusing.borrow_and_update());
            tokio::select! {
                biased;
                () = stopped(&mut self.stop) => break,
                Ok(()) = refusing.changed() => {}
                slot = self.limits.room(), if next.is_some() => {
                    if let Some((stream, address)) = next.take() {
                        self.admit(slot, stream, address, &mut connections);
                    }
                }
                accepted = accept(self.socket.as_ref()), if next.is_none() => match accepted {
                    Ok(accepted) => next = Some(accepted),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
        self.socket = None;
        if self.door.is_kept() {
            self.door.close();
        }
        let open = connections.len();
        let ended = tokio::time::timeout(STOP_WITHIN, connections.shutdown());
        if ended.await.is_err() {
            tracing::warn!(connections = open, "connections cut off at stop");
        }
        drop(self.alive);
    }

    /// Stops to listen where connections are refused, and listens again where they are not.
    fn open_or_close(&mut self, refusing: bool) {
        match (refusing, self.socket.is_some()) {
            (true, true) => {
                self.socket = None;
                self.door.close();
            }
            (false, false) => match self.door.open() {
                Ok(socket) => self.socket = Some(socket),
                Err(error) => tracing::error!(%error, "the broker no longer listens"),
            },
            _ => {}
        }
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
                    node: self.node,
                    listener: self.index,
                    address,
                    connection: self.broker.next_connection(),
                };
                // A reset socket cannot take the option; the first read will tell.
                let _ = stream.set_nodelay(true);
                connections.spawn(serve(stream, peer, Some(admitted)));
            }
            Err(refused) => {
                tracing::info!(client = %address, reason = %refused, "connection refused");
            }
        }
    }
}

/// The next connection; none comes where nobody listens.
async fn accept(socket: Option<&TcpListener>) -> std::io::Result<(TcpStream, SocketAddr)> {
    match socket {
        Some(socket) => socket.accept().await,
        None => std::future::pending().await,
    }
}

/// Waits until the broker is told to stop, or dropped.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the broker was dropped.
    let _ = stop.wait_for(|stop| *stop).await;
}
