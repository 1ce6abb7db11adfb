//! Topics, offsets and groups, asked of and changed at the broker.

mod error;

pub use error::AdminError;
