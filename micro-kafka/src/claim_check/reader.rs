//! Gets the payload of a record out of its store.

use std::time::Duration;

use tokio::time::timeout;

use super::reference::VERSION;
use super::{CLAIM_CHECK, ClaimCheck, ClaimError, Reference};
use crate::record::{OwnedHeader, OwnedRecord, Record};

/// How long one payload may take to come; then the record is delivered again.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a listener reads payloads by.
#[derive(Debug, Clone)]
pub(crate) struct ClaimReader {
    check: ClaimCheck,
    max_bytes: usize,
}

impl ClaimReader {
    /// Reads no payload that is larger than that.
    pub(crate) fn new(check: &ClaimCheck, max_bytes: usize) -> Self {
        Self {
            check: check.clone(),
            max_bytes,
        }
    }

    /// The record with its payload; `None` if it has it anyway.
    pub(crate) async fn redeem(&self, record: &Record) -> Result<Option<Record>, ClaimError> {
        let Some(payload) = record.payload() else {
            return Ok(None);
        };
        let mark = record.headers().get(CLAIM_CHECK);
        if mark.and_then(|header| header.value) != Some(VERSION) {
            return Ok(None);
        }
        let reference = Reference::parse(payload)?;
        if reference.bytes > self.max_bytes as u64 {
            return Err(ClaimError::TooLarge {
                size: reference.bytes,
                max: self.max_bytes,
            });
        }
        let payload = self.fetch(&reference).await?;
        reference.check(&payload)?;
        Ok(Some(with_payload(record, payload).into()))
    }

    async fn fetch(&self, reference: &Reference) -> Result<Vec<u8>, ClaimError> {
        let name = &reference.name;
        let fetching = self.check.store.get(name, reference.bytes);
        let fetched = match timeout(PATIENCE, fetching).await {
            Ok(fetched) => fetched?,
            Err(elapsed) => return Err(ClaimError::store("read a payload", elapsed)),
        };
        fetched.ok_or_else(|| ClaimError::Missing { name: name.clone() })
    }
}

/// The record as it was before its payload went to the store.
fn with_payload(record: &Record, payload: Vec<u8>) -> OwnedRecord {
    let headers = record.headers();
    let own = headers.filter(|header| header.raw_name != CLAIM_CHECK.as_bytes());
    OwnedRecord {
        topic: record.topic().into(),
        partition: record.partition(),
        offset: record.offset(),
        key: record.key().map(Into::into),
        payload: Some(payload),
        timestamp: record.timestamp(),
        headers: own.map(OwnedHeader::from).collect(),
    }
}
