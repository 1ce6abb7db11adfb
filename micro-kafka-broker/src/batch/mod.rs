//! Record batches (format v2) as bytes.
//!
//! A produced batch is checked once ([`validate`]) and then stored and served as it came: only
//! `baseOffset` and `partitionLeaderEpoch` are patched, which the CRC does not cover. Records are
//! decoded in the few places that must see them ([`records`]).

mod build;
mod check_records;
mod compress;
mod encode;
mod error;
mod header;
mod marker;
mod records;
mod rewrite;
mod validate;

pub(crate) use build::BatchBuilder;
pub(crate) use compress::Codec;
pub(crate) use error::{BatchError, RecordError, RecordFault};
pub(crate) use header::{
    HEADER_LEN, Header, crc32c, is_whole, patch_log_append_time, patch_prefix,
};
pub(crate) use marker::{Marker, Verdict, verdict_of};
pub(crate) use records::{Outline, RecordView, outlines, records};
pub(crate) use rewrite::{emptied, rewrite};
pub(crate) use validate::{Batch, Rules, TimestampBounds, validate};
