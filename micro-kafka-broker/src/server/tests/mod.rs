//! Sockets and bytes.
