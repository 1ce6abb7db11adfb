//! Whether batches are as they were written.

use bytes::Bytes;

use crate::batch::{Header, is_whole};

/// Checks every batch; returns where the first bad one begins.
pub(super) fn check(batches: &Bytes) -> Result<(), (usize, &'static str)> {
    let mut at = 0;
    let mut next_offset = 0;
    while at < batches.len() {
        let rest = &batches[at..];
        let header = Header::read(rest).ok();
        let sized = header.and_then(|header| Some((header, rest.get(..header.size()?)?)));
        let Some((header, batch)) = sized else {
            return Err((at, "bytes end inside a batch"));
        };
        if !is_whole(batch, &header) || header.magic != 2 {
            return Err((at, "a batch's checksum does not match"));
        }
        if header.base_offset < next_offset {
            return Err((at, "a batch's offset does not follow the last one's"));
        }
        next_offset = header.last_offset() + 1;
        at += batch.len();
    }
    Ok(())
}
