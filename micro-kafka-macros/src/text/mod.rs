//! What texts in attributes may say.

mod back_off;
mod pattern;
mod placeholder;
mod topic;
mod topic_partitions;

pub(crate) use back_off::{BackOff, back_off, millis};
pub(crate) use pattern::pattern;
pub(crate) use placeholder::{has_placeholder, placeholders};
pub(crate) use topic::topic;
pub(crate) use topic_partitions::topic_partitions;
