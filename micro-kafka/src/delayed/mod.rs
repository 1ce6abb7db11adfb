//! Durable delayed sends: records that wait for their time in a topic of their own.
//!
//! A delayed send writes the record at once, inside of an envelope, to the topic of
//! `[kafka.delayed]`: it is as safe as any other record. One scheduler in each instance of the
//! service reads that topic as a consumer group. Whoever is assigned a partition owns the timers of
//! its records, forwards each one when its time has come, and then writes a tombstone over it. The
//! topic is compacted, so that what is done or cancelled goes away.
//!
//! The pieces: `envelope` (how a waiting record is written), `index` (what waits, without its
//! bytes), `cache` (the bytes of what is due next), `reader` (gets the others back),
//! `forward` (sends what is due), `scheduler` (the loop that owns all of them), `worker` (its
//! thread).

mod cache;
mod delay;
mod envelope;
mod forward;
mod id;
mod index;
mod reader;
mod scheduler;
mod stats;
mod topic;
mod worker;

pub use delay::Delay;
pub use envelope::DELAYED_ID;
pub use id::DelayedId;
pub use stats::DelayedStats;
pub use topic::DelayedTopic;

pub(crate) use envelope::Envelope;
pub(crate) use worker::{DelayedSettings, DelayedWorker};
