//! Coordinators: state machines that decide, and thin shells that drive them.

mod alarm;
#[cfg(test)]
pub(crate) mod ground;
pub(crate) mod group;
mod journal;
mod moment;
mod producer_ids;
pub(crate) mod transaction;
mod unavailable;
mod unread;

use alarm::Alarm;
pub(crate) use journal::{Entry, Journal, JournalError, StateRecord, partition_of};
pub(crate) use moment::Moment;
pub(crate) use producer_ids::ProducerIds;
pub(crate) use unavailable::Unavailable;
use unread::Unread;
