//! Transaction markers: control batches that end a transaction in one partition.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Batch, Header, records};

/// Transactional (0x10) and control (0x20).
const ATTRIBUTES: i16 = 0x30;
/// Bytes of the one record: lengths, key and value, all of them fixed.
const RECORD_LEN: usize = 17;

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Verdict {
    /// Its records are never shown to readers of committed records.
    Abort,
    /// Its records count.
    Commit,
}

impl Verdict {
    /// Reads a marker's key: version, kind; `None` for other control records.
    fn read(key: &mut Bytes) -> Option<Self> {
        let _version = key.try_get_i16().ok()?;
        match key.try_get_i16().ok()? {
            0 => Some(Self::Abort),
            1 => Some(Self::Commit),
            _ => None,
        }
    }
}

/// The end of one producer's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The producer.
    pub(crate) producer_id: i64,
    /// Its epoch, from which on it may write again.
    pub(crate) producer_epoch: i16,
    /// How the transaction ends.
    pub(crate) verdict: Verdict,
    /// The epoch of the coordinator that decided it.
    pub(crate) coordinator_epoch: i32,
}

impl Marker {
    /// Reads a control batch; `None` when it holds no marker of a transaction.
    pub(crate) fn read(batch: &Bytes) -> Option<Self> {
        let header = Header::read(batch).ok()?;
        let record = records(batch).ok()?.next()?.ok()?;
        let (mut key, mut value) = (record.key?, record.value?);
        let verdict = Verdict::read(&mut key)?;
        value.try_get_i16().ok()?;
        Some(Self {
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            verdict,
            coordinator_epoch: value.try_get_i32().ok()?,
        })
    }

    /// The control batch, stamped with a time in milliseconds since 1970.
    pub(crate) fn batch(&self, now_millis: i64) -> Batch {
        let header = Header {
            base_offset: 0,
            batch_length: 0,
            leader_epoch: -1,
            magic: 2,
            crc: 0,
            attributes: ATTRIBUTES,
            last_offset_delta: 0,
            base_timestamp: now_millis,
            max_timestamp: now_millis,
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            base_sequence: -1,
            record_count: 1,
        };
        let mut record = BytesMut::with_capacity(RECORD_LEN);
        self.put_record(&mut record);
        header.seal(&record)
    }

    /// Lengths are zigzag varints, so each stands doubled.
    fn put_record(&self, bytes: &mut BytesMut) {
        let kind = match self.verdict {
            Verdict::Abort => 0,
            Verdict::Commit => 1,
        };
        // Length, attributes, timestamp and offset deltas.
        bytes.put_slice(&[2 * 16, 0, 0, 0]);
        // Key: version, kind.
        bytes.put_u8(2 * 4);
        bytes.put_i16(0);
        bytes.put_i16(kind);
        // Value: version, coordinator's epoch.
        bytes.put_u8(2 * 6);
        bytes.put_i16(0);
        bytes.put_i32(self.coordinator_epoch);
        // No headers.
        bytes.put_u8(0);
    }
}

/// How a control batch ends its producer's transaction; `None` for other control batches.
pub(crate) fn verdict_of(batch: &Bytes) -> Option<Verdict> {
    let marker = records(batch).ok()?.next()?.ok()?;
    let mut key = marker.key?;
    Verdict::read(&mut key)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::records::RecordBatchDecoder;

    use super::*;

    #[test]
    fn a_marker_is_a_control_batch_that_others_can_read() {
        let marker = Marker {
            producer_id: 7,
            producer_epoch: 3,
            verdict: Verdict::Commit,
            coordinator_epoch: 5,
        };
        let mut batch = marker.batch(1234);
        assert_eq!(Marker::read(&batch.bytes), Some(marker));
        assert_eq!(Header::read(&batch.bytes).unwrap(), batch.header);
        assert_eq!(batch.header.size(), Some(batch.bytes.len()));
        assert_eq!(verdict_of(&batch.bytes), Some(Verdict::Commit));
        let decoded = RecordBatchDecoder::decode(&mut batch.bytes).unwrap();
        let record = &decoded.records[0];
        assert!(record.control && record.transactional);
        assert_eq!((record.producer_id, record.producer_epoch), (7, 3));
        assert_eq!(record.timestamp, 1234);
        assert_eq!(record.key.as_deref(), Some(&[0, 0, 0, 1][..]));
        let mut value = record.value.as_deref().unwrap();
        assert_eq!((value.get_i16(), value.get_i32()), (0, 5));
        assert!(value.is_empty());
    }
}
