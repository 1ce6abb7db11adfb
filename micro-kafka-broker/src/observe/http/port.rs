//! The listening socket and its connections.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::routes;
use crate::server::Broker;

/// Most connections at once; more wait in the socket.
pub(super) const CONNECTIONS: usize = 64;
/// Most bytes of a request's line and headers.
const HEADER_BYTES: usize = 16 * 1024;
const HEADERS: usize = 64;
/// Time for a request's headers to come, and for a connection to rest.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// A connection ends after this; clients make another.
const LIFETIME: Duration = Duration::from_secs(5 * 60);
/// Pause after a failed accept: without descriptors left, the next one fails as well.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// A port for operators and tests.
#[derive(Debug)]
pub(crate) struct HttpPort {
    /// The socket.
    pub(crate) socket: TcpListener,
    /// The broker, which may be down.
    pub(crate) broker: Arc<Broker>,
}

impl HttpPort {
    /// Serves until it is dropped; what is not answered by then is not answered.
    pub(crate) async fn run(self) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                accepted = accept(&self.socket, &room) => {
                    let (stream, permit) = accepted;
                    let broker = Arc::clone(&self.broker);
                    connections.spawn(async move {
                        serve(stream, broker).await;
                        drop(permit);
                    });
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

/// The next connection, once there is room for it. Cancel safe.
async fn accept(
    socket: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let permit = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match socket.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                tracing::warn!(%error, "a connection to the http port could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, broker: Arc<Broker>) {
    let service = service_fn(|request| {
        let broker = Arc::clone(&broker);
        async move { Ok::<_, Infallible>(routes::answer(&broker, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_headers(HEADERS)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(LIFETIME, connection).await {
        Ok(Ok(())) | Err(_) => {}
        Ok(Err(error)) => tracing::debug!(%error, "http connection ended"),
    }
}
