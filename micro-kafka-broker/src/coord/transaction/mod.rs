//! Transactions.
//!
//! A [`Transaction`] is a transactional id as a state machine without sockets, tasks or clocks:
//! it is told the time and what happened ([`Event`]), and answers with what to do ([`Effect`]).
//! [`TransactionCoordinator`] is the shell that drives all ids of a broker.
//!
//! ```text
//! Empty ─add→ Ongoing ─end→ PrepareCommit ─markers written→ CompleteCommit ┐
//!                │  └─end→ PrepareAbort ──markers written→ CompleteAbort ──┤
//!                └─init, timeout→ PrepareEpochFence → PrepareAbort         │
//!                ↑ add ────────────────────────────────────────────────────┘
//! ```
//!
//! The markers of this broker's partitions are written within the step that decides, so clients
//! find a transaction ended as soon as they are answered. Apache Kafka answers first; the client
//! that is quicker than the markers asks again.

mod coordinator;
mod describe;
mod end;
mod error;
mod event;
mod init;
mod loading;
mod machine;
mod markers;
mod partitions;
mod record;
mod replay;
mod seats;
mod state;

#[cfg(test)]
mod tests;

pub(crate) use crate::coord::Moment;
pub(crate) use coordinator::{TransactionCoordinator, TransactionLimits};
pub(crate) use describe::TransactionDescription;
pub(crate) use error::TransactionError;
pub(crate) use event::{Effect, Event, Init, Producer, Protocol};
pub(crate) use machine::Transaction;
pub(crate) use markers::{MarkerFailure, MarkerWriter};
pub(crate) use state::TransactionState;
