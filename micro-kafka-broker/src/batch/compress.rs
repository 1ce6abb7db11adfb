//! Unpacking compressed batches, for the few places that must look at records, and packing those
//! that are written again.

use std::io::{self, Read, Write};

use bytes::Bytes;

use super::BatchError;

/// Largest unpacked size: a small batch must not be able to take the broker's memory.
const MAX_UNPACKED: usize = 128 << 20;
/// snappy-java's stream header: magic and two version numbers.
const XERIAL_MAGIC: &[u8] = b"\x82SNAPPY\0";
const XERIAL_HEADER: usize = 16;

/// A compression codec of the record batch format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Codec {
    /// Not compressed.
    None,
    /// gzip.
    Gzip,
    /// Snappy, raw or in snappy-java's framing.
    Snappy,
    /// The LZ4 frame format.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl Codec {
    /// The codec of a batch's attributes.
    ///
    /// # Errors
    /// [`BatchError::UnsupportedCodec`] for a number above 4.
    pub(crate) fn from_number(number: i16) -> Result<Self, BatchError> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Gzip),
            2 => Ok(Self::Snappy),
            3 => Ok(Self::Lz4),
            4 => Ok(Self::Zstd),
            other => Err(BatchError::UnsupportedCodec(other)),
        }
    }

    /// The codec's number in a batch's attributes.
    pub(super) fn number(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// Packs a records section.
    pub(super) fn pack(self, body: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::None => Ok(body),
            Self::Gzip => {
                let level = flate2::Compression::default();
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(&body)?;
                encoder.finish()
            }
            Self::Snappy => {
                let packed = snap::raw::Encoder::new().compress_vec(&body);
                packed.map_err(io::Error::other)
            }
            Self::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(&body)?;
                encoder.finish().map_err(io::Error::other)
            }
            Self::Zstd => zstd::bulk::compress(&body, 0),
        }
    }

    /// Unpacks the records section of a batch; without compression it is only shared.
    pub(super) fn unpack(self, packed: &Bytes) -> Result<Bytes, BatchError> {
        match self {
            Self::None => Ok(packed.clone()),
            Self::Gzip => drain(flate2::read::MultiGzDecoder::new(packed.as_ref())),
            Self::Snappy => unpack_snappy(packed),
            Self::Lz4 => drain(lz4_flex::frame::FrameDecoder::new(packed.as_ref())),
            Self::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(packed.as_ref());
                drain(decoder.map_err(|_| UNREADABLE)?)
            }
        }
    }
}

const UNREADABLE: BatchError = BatchError::Corrupt("records cannot be decompressed");
const BOMB: BatchError = BatchError::Corrupt("records are larger than 128 MiB decompressed");

fn drain(reader: impl Read) -> Result<Bytes, BatchError> {
    let mut unpacked = Vec::new();
    let limit = u64::try_from(MAX_UNPACKED).unwrap_or(u64::MAX);
    let mut reader = reader.take(limit + 1);
    reader.read_to_end(&mut unpacked).map_err(|_| UNREADABLE)?;
    if unpacked.len() > MAX_UNPACKED {
        return Err(BOMB);
    }
    Ok(unpacked.into())
}

fn unpack_snappy(packed: &Bytes) -> Result<Bytes, BatchError> {
    let mut unpacked = Vec::new();
    if !packed.starts_with(XERIAL_MAGIC) {
        append_snappy_block(packed, &mut unpacked)?;
        return Ok(unpacked.into());
    }
    let mut rest = packed.get(XERIAL_HEADER..).ok_or(UNREADABLE)?;
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| UNREADABLE)?;
        let (block, tail) = tail.split_at_checked(length).ok_or(UNREADABLE)?;
        append_snappy_block(block, &mut unpacked)?;
        rest = tail;
    }
    Ok(unpacked.into())
}

fn append_snappy_block(block: &[u8], unpacked: &mut Vec<u8>) -> Result<(), BatchError> {
    let length = snap::raw::decompress_len(block).map_err(|_| UNREADABLE)?;
    if length > MAX_UNPACKED - unpacked.len().min(MAX_UNPACKED) {
        return Err(BOMB);
    }
    let at = unpacked.len();
    unpacked.resize(at + length, 0);
    let decoder = &mut snap::raw::Decoder::new();
    decoder
        .decompress(block, &mut unpacked[at..])
        .map_err(|_| UNREADABLE)?;
    Ok(())
}
