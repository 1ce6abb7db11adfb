//! Record batches on their way out.

use bytes::Bytes;

use super::error::DecodeError;
use super::reader::Reader;
use super::value::{Shape, Wire};
use super::writer::Writer;

/// Where a batch has its length, that of what follows.
const LENGTH_AT: usize = 8;
const LENGTH_END: usize = 12;

/// The records of one partition in a fetch response: slices of the log, sent without a copy.
///
/// Never null on the wire: librdkafka refuses a null record set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    slices: Vec<Bytes>,
}

impl Records {
    /// No records.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Appends a slice of whole batches.
    pub(crate) fn push(&mut self, slice: Bytes) {
        if !slice.is_empty() {
            self.slices.push(slice);
        }
    }

    /// Flips a bit of the first batch's last byte, in a copy: its checksum is wrong then.
    pub(crate) fn corrupt(&mut self) {
        let Some(first) = self.slices.first_mut() else {
            return;
        };
        let mut copy = first.to_vec();
        let length = copy.get(LENGTH_AT..LENGTH_END);
        let length = length.and_then(|bytes| bytes.try_into().ok());
        let length = length.map_or(0, u32::from_be_bytes);
        let end = usize::try_from(length)
            .unwrap_or(0)
            .saturating_add(LENGTH_END);
        if let Some(last) = copy.get_mut(..end).and_then(<[u8]>::last_mut) {
            *last ^= 1;
        }
        *first = copy.into();
    }

    /// Bytes of all slices.
    pub(crate) fn len(&self) -> usize {
        self.slices.iter().map(Bytes::len).sum()
    }
}

impl From<Bytes> for Records {
    fn from(slice: Bytes) -> Self {
        let mut records = Self::new();
        records.push(slice);
        records
    }
}

impl FromIterator<Bytes> for Records {
    fn from_iter<I: IntoIterator<Item = Bytes>>(slices: I) -> Self {
        let mut records = Self::new();
        slices.into_iter().for_each(|slice| records.push(slice));
        records
    }
}

impl PartialEq for Records {
    /// Equal bytes, however they are cut.
    fn eq(&self, other: &Self) -> bool {
        let all = |records: &Self| records.slices.concat();
        self.len() == other.len() && all(self) == all(other)
    }
}

impl Wire for Records {
    fn decode(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        match reader.long_length(shape)? {
            Some(len) => reader.bytes(len).map(Self::from),
            None => Ok(Self::new()),
        }
    }

    fn encode(&self, writer: &mut Writer, shape: Shape) {
        writer.long_length(Some(self.len()), shape);
        for slice in &self.slices {
            writer.splice(slice);
        }
    }
}
