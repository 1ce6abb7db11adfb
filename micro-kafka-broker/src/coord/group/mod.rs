//! Classic consumer groups.
//!
//! A [`Group`] is a state machine without sockets, tasks or clocks: it is told the time and what
//! happened ([`Event`]), and answers with what to do ([`Effect`]). [`GroupCoordinator`] is the
//! shell that drives all groups of a broker.
//!
//! ```text
//! Empty ─join→ PreparingRebalance ─all joined→ CompletingRebalance ─leader synced→ Stable
//!   ↑ nobody joined ┘   ↑ join, leave, expiry ────────┴────────────────────────────┘
//! ```
//!
//! Rules and order of checks are Kafka's, because clients depend on which error they get first.

mod cleanup;
mod coordinator;
mod describe;
mod error;
mod event;
mod join;
mod leave;
mod loading;
mod machine;
mod member;
mod offsets;
mod rebalance;
mod record;
mod replay;
mod seats;
mod stored;
mod sync;

#[cfg(test)]
mod tests;

pub(crate) use coordinator::GroupCoordinator;
pub(crate) use describe::{GroupDescription, MemberDescription};
pub(crate) use error::GroupError;
pub(crate) use event::{
    Caller, Effect, Event, Join, JoinReply, JoinedMember, LeaveReply, Leaving, Protocol, Reply,
    Sync, SyncReply, Token,
};
pub(crate) use machine::{Group, GroupLimits, GroupState};
pub(crate) use offsets::{CommitPartition, CommittedOffset, OFFSETS_TOPIC, PartitionKey};
pub(crate) use record::Change;
pub(crate) use stored::OffsetView;
