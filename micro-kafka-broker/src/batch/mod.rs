//! Record batches (format v2) as bytes.
//!
//! A produced batch is checked once ([`validate`]) and then stored and served as it came: only
//! `baseOffset` and `partitionLeaderEpoch` are patched, which the CRC does not cover. Records are
//! decoded in the few places that must see them ([`records`]).

mod build;
mod compress;
mod error;
mod header;
mod marker;
mod records;
mod validate;

pub(crate) use build::BatchBuilder;
pub(crate) use compress::Codec;
pub(crate) use error::BatchError;
pub(crate) use header::{HEADER_LEN, Header, patch_log_append_time, patch_prefix};
pub(crate) use marker::{Marker, Verdict, verdict_of};
pub(crate) use records::{RecordView, records};
pub(crate) use validate::{Batch, Rules, TimestampBounds, validate};
