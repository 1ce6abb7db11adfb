//! One client's connection: frames in, answers out, in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::idle::Idle;
use super::inbox::{FrameError, Inbox, Received};
use super::limits::{Admitted, RequestMemory};
use super::metered::dispatch_metered;
use super::refusal::Refusal;
use super::reply::{Reply, Then};
use super::state::BrokerState;
use crate::wire::Frame;

/// Stands for no idle limit, and can still be added to a time.
const NO_LIMIT: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A client as its connection knows it.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// The broker that it is connected to.
    pub(super) broker: Arc<BrokerState>,
    /// Its id, or that of the one of several that it is connected to.
    pub(super) node: i32,
    /// The listener that it came through, as an index.
    pub(super) listener: usize,
    /// Its address.
    pub(super) address: SocketAddr,
    /// The number of its connection.
    pub(super) connection: u64,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
enum Ended {
    #[error("the client disconnected")]
    ByClient,
    #[error("the client disconnected within a request, {0} bytes into it")]
    WithinFrame(usize),
    #[error("nothing came for {}s", .0.as_secs_f64())]
    Idle(Duration),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("a rule for faults has cut the answer")]
    Cut,
    #[error("the connection broke")]
    Io(#[from] std::io::Error),
}

/// Serves a client until it leaves, misbehaves or falls silent. When the broker stops, the future
/// is dropped.
pub(super) async fn serve<S: Stream>(stream: S, peer: Peer, _admitted: Option<Admitted>) {
    let address = peer.address;
    let _client = peer.broker.clients().enter();
    let connections = peer.broker.meters().listener(peer.listener);
    let _open = connections.map(|connections| connections.enter());
    let listener = peer.broker.listener_name(peer.listener).to_owned();
    let mut connection = Connection::new(stream, peer);
    let ended = connection.run().await;
    match ended {
        Ended::Frame(_) | Ended::Refused(_) | Ended::WithinFrame(_) => {
            tracing::warn!(client = %address, listener, reason = %ended, "connection closed");
        }
        Ended::ByClient | Ended::Idle(_) | Ended::Cut | Ended::Io(_) => {
            tracing::debug!(client = %address, listener, reason = %ended, "connection ended");
        }
    }
}

/// What a client is connected by.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

struct Connection<S> {
    stream: S,
    peer: Peer,
    inbox: Inbox,
    idle: Idle,
}

impl<S: Stream> Connection<S> {
    fn new(stream: S, peer: Peer) -> Self {
        Self {
            inbox: Inbox::new(peer.broker.max_request_bytes()),
            idle: Idle::new(peer.broker.max_idle().unwrap_or(NO_LIMIT)),
            stream,
            peer,
        }
    }

    async fn run(&mut self) -> Ended {
        loop {
            let served = match self.next_frame().await {
                Ok(frame) => self.serve_frame(frame).await,
                Err(ended) => Err(ended),
            };
            if let Err(ended) = served {
                return ended;
            }
        }
    }

    /// Waits for a whole frame; a slow one may take its time as long as bytes keep coming.
    async fn next_frame(&mut self) -> Result<Received, Ended> {
        if let Some(frame) = self.inbox.take()? {
            return Ok(frame);
        }
        let memory = self.peer.broker.request_memory();
        self.idle.touch();
        loop {
            tokio::select! {
                biased;
                read = read_more(&mut self.stream, &mut self.inbox, memory) => {
                    read?;
                    if let Some(frame) = self.inbox.take()? {
                        return Ok(frame);
                    }
                    self.idle.touch();
                }
                () = self.idle.expired() => return Err(Ended::Idle(self.idle.limit())),
            }
        }
    }

    /// Executes one request, reads ahead up to one more frame meanwhile, and sends the answer.
    ///
    /// Only one request of a connection is executed at a time, so answers leave in the order of
    /// the requests and the effects happen in that order.
    async fn serve_frame(&mut self, request: Received) -> Result<(), Ended> {
        let Received {
            frame,
            grant: _grant,
        } = request;
        let memory = self.peer.broker.request_memory();
        let Reply { frame, then, .. } = {
            let reply = dispatch_metered(&self.peer, frame);
            tokio::pin!(reply);
            loop {
                let ahead = !self.inbox.is_ready();
                tokio::select! {
                    biased;
                    reply = &mut reply => break reply?,
                    read = read_more(&mut self.stream, &mut self.inbox, memory), if ahead => read?,
                }
            }
        };
        if let Some(mut frame) = frame {
            if let Then::Cut(bytes) = then {
                frame.truncate(bytes);
            }
            match timeout(self.idle.limit(), send(&mut self.stream, frame)).await {
                Ok(sent) => sent?,
                Err(_) => return Err(Ended::Idle(self.idle.limit())),
            }
        }
        self.go_on(then).await
    }

    /// Does what follows an answer.
    async fn go_on(&mut self, then: Then) -> Result<(), Ended> {
        match then {
            Then::GoOn => Ok(()),
            Then::Mute(time) => {
                let clock = self.peer.broker.clock();
                clock.sleep_until(clock.now() + time).await;
                Ok(())
            }
            Then::Cut(_) => Err(Ended::Cut),
            Then::Silence => loop {
                // What comes is not answered; it is read to notice that the client has left.
                let mut unread = [0; 4096];
                if self.stream.read(&mut unread).await? == 0 {
                    return Err(Ended::ByClient);
                }
            },
        }
    }
}

async fn send(stream: &mut impl Stream, mut response: Frame) -> std::io::Result<()> {
    match response.as_whole() {
        // Most answers are in one piece, for which the plain call is cheaper.
        Some(bytes) => stream.write_all(bytes).await,
        None => stream.write_all_buf(&mut response).await,
    }
}

/// Reads what is there, and waits for at least a byte; before that, a large request waits for
/// memory. Cancel safe.
async fn read_more(
    stream: &mut impl Stream,
    inbox: &mut Inbox,
    memory: &Arc<RequestMemory>,
) -> Result<(), Ended> {
    if let Some(bytes) = inbox.ungranted() {
        inbox.grant(memory.take(bytes).await);
    }
    if stream.read_buf(inbox.room()).await? > 0 {
        return Ok(());
    }
    Err(match inbox.unfinished() {
        0 => Ended::ByClient,
        bytes => Ended::WithinFrame(bytes),
    })
}
