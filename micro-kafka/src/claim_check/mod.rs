//! Claim checks: large payloads are kept in a store, and records refer to them.
//!
//! A template that has a [`ClaimCheck`] with a threshold writes each larger payload to its
//! [`ClaimStore`] before it sends the record, which then has the header [`CLAIM_CHECK`] and, as its
//! payload, a small [reference](Reference). A listener of an application with the same store gets
//! the payload itself: it is fetched, and its length and checksum are compared, before the handler's
//! arguments are taken. Whatever merely passes the record on, such as a retry topic or a dead letter,
//! passes the reference on.

mod check;
mod error;
mod file_store;
mod name;
#[cfg(feature = "object_store")]
mod objects;
mod reader;
mod reference;
mod store;
mod writer;

pub use check::ClaimCheck;
pub use error::ClaimError;
pub use file_store::FileClaimStore;
pub use name::ClaimName;
#[cfg(feature = "object_store")]
pub use objects::ObjectClaimStore;
pub use reference::{CLAIM_CHECK, Reference};
pub use store::{ClaimFuture, ClaimStore};

pub(crate) use reader::ClaimReader;
pub(crate) use writer::{ClaimWriter, Writing};
