//! A port that stays the broker's while it does not listen there.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpSocket};

/// As tokio's own listeners have it.
const BACKLOG: u32 = 1024;

/// The address of a listener. While it is closed, connections to it are refused, and nobody else
/// gets the port.
#[derive(Debug)]
pub(super) struct Door {
    address: SocketAddr,
    reserved: Mutex<Option<TcpSocket>>,
    /// Whether the port is kept when the broker ends.
    kept: AtomicBool,
}

impl Door {
    /// The door of a socket that listens.
    pub(super) fn of(listener: &TcpListener) -> io::Result<Self> {
        Ok(Self {
            address: listener.local_addr()?,
            reserved: Mutex::default(),
            kept: AtomicBool::new(false),
        })
    }

    /// Where it is.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Keeps the port from now on, though nobody listens there; what listened must be dropped.
    pub(super) fn close(&self) {
        match self.bind() {
            Ok(socket) => *self.reserved.lock() = Some(socket),
            Err(error) => {
                tracing::warn!(address = %self.address, %error, "the port is not kept meanwhile");
            }
        }
    }

    /// Listens again.
    ///
    /// # Errors
    /// When somebody else has the port.
    pub(super) fn open(&self) -> io::Result<TcpListener> {
        let reserved = self.reserved.lock().take();
        let socket = reserved.map_or_else(|| self.bind(), Ok)?;
        socket.listen(BACKLOG)
    }

    /// Whether the port is kept when the listener ends.
    pub(super) fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Acquire)
    }

    /// Whether the port is to be kept when the listener ends.
    pub(super) fn keep(&self, kept: bool) {
        self.kept.store(kept, Ordering::Release);
    }

    fn bind(&self) -> io::Result<TcpSocket> {
        let socket = match self.address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // Connections of the past must not hold it up.
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        Ok(socket)
    }
}
