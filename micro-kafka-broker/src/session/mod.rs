//! Fetch sessions (KIP-227): what a client reads, remembered between its requests.
//!
//! A client names its partitions once; later requests name what has changed, and answers leave out
//! partitions of which there is nothing new to tell. The machines here know no requests, no sockets
//! and no clock: they are told what was asked, what was found, and when.

mod cache;
mod context;
mod error;
mod eviction;
mod partitions;

#[cfg(test)]
mod tests;

pub(crate) use cache::{FetchSessions, SessionRequest};
pub(crate) use context::SessionAnswer;
pub(crate) use error::SessionError;
pub(crate) use partitions::{Interest, SessionKey, SessionTopic, Told, Wanted};
