//! What texts in attributes may say.

mod back_off;
mod placeholder;
mod topic;

pub(crate) use back_off::{BackOff, back_off};
pub(crate) use placeholder::{has_placeholder, placeholders};
pub(crate) use topic::topic;
