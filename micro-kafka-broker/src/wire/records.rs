//! Record batches on their way out.

use bytes::Bytes;

use super::error::DecodeError;
use super::reader::Reader;
use super::value::{Shape, Wire};
use super::writer::Writer;

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
