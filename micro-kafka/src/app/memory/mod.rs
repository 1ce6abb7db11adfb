//! `memory-budget`: one bound for the buffers of all clients, split over them at boot.
//!
//! What somebody wrote counts as it is, and so does what delayed sends take. Of the rest one half
//! goes to the producers and one to the consumers, to all of them alike; where there are none of one
//! kind, all of it goes to the other. A producer's share holds its unsent records and what their
//! administration takes. The shares of a listener's consumers are put together and divided by the
//! number of its partitions, any of which may stand still with records behind it: see `listener`.

mod listener;
mod partitions;
mod producer;
mod split;

pub(super) use partitions::Windows;
pub(super) use producer::bounded;
pub(super) use split::{Shares, shares};

#[cfg(test)]
mod tests;
