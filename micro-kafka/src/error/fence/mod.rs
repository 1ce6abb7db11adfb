//! Fences: while a key is in retry, its later records wait behind it.
//!
//! A listener with `#[retryable(order = "key")]` has one retry topic a source. All unfinished records
//! of a key stand there in their order, the one that is retried in front: whoever reads the topic
//! retries it in its lane. Whoever reads the source has to know that there are such records. That is
//! kept in a compacted topic, `<group>-fences`, which has up to two records of a key of a source
//! partition:
//!
//! | record | written by | says |
//! |---|---|---|
//! | announced | who reads the source, before a copy is published | up to this token there may be copies |
//! | progress | who reads the retry topic, before the copy's offset may be committed | this token is at that attempt, or finished, and so are those before it |
//!
//! The key is fenced while what is announced is not finished. What follows from it:
//!
//! - A publish whose outcome is unknown is made again with the same token, also after a crash: the
//!   record comes again, and is the one that was announced. The second copy is finished with the
//!   first and skipped.
//! - A copy that was announced and never published holds nothing: no copy waits for another one by
//!   its token, they stand in line in their topic. The key's next record is parked and, once
//!   finished, lets the fence fall.
//! - A copy is skipped only by proof that it was finished. Without one it is handled: twice rather
//!   than never.
//!
//! What is announced goes from the topic once it is finished; the progress stays for a day, or until
//! there are many, since a copy may come a second time from the last commit on.

mod fences;
mod forget;
mod log;
mod place;
mod table;

#[cfg(test)]
mod tests;

pub(crate) use fences::{FenceSignal, Fences};
pub(crate) use log::KafkaFenceLog;
#[cfg(test)]
pub(crate) use log::{FenceLog, Stored};
pub(crate) use place::{FencePlace, FencedCopy, Origin};
pub(crate) use table::CopyState;
pub use table::{FencedKey, FencedKeys};
