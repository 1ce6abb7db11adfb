//! What holds the bytes of a segment.

use std::path::PathBuf;

use bytes::Bytes;

use super::StorageError;
use super::disk::LogFile;
use super::slabs::Slabs;
use crate::batch::{Batch, HEADER_LEN, Header, patch_log_append_time, patch_prefix};

/// Bodies from this size on are shared with the request they came in instead of copied.
const SHARE_FROM: usize = 256 << 10;

/// A batch as it is stored.
#[derive(Debug)]
pub(super) struct Placed {
    head: [u8; HEADER_LEN],
    body: Bytes,
}

impl Placed {
    /// The batch with what the leader decides about it.
    pub(super) fn new(
        batch: &Batch,
        base_offset: i64,
        leader_epoch: i32,
        stamp: Option<i64>,
    ) -> Self {
        let whole = match stamp {
            Some(stamp) => {
                let mut bytes = batch.bytes.to_vec();
                patch_log_append_time(&mut bytes, stamp);
                Bytes::from(bytes)
            }
            None => batch.bytes.clone(),
        };
        let mut head = [0; HEADER_LEN];
        head.copy_from_slice(&whole[..HEADER_LEN]);
        patch_prefix(&mut head, base_offset, leader_epoch);
        Self {
            head,
            body: whole.slice(HEADER_LEN..),
        }
    }

    /// Its header.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Its records.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Bytes of the batch.
    pub(super) fn size(&self) -> usize {
        HEADER_LEN + self.body.len()
    }
}

/// Bytes that grow at their end.
#[derive(Debug)]
pub(super) enum Store {
    /// Memory.
    Memory(Slabs),
    /// A file.
    File(LogFile),
}

impl Store {
    /// The length in bytes, which is the position of the next append.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Memory(slabs) => slabs.len(),
            Self::File(file) => file.len(),
        }
    }

    /// Appends batches, all or none.
    pub(super) fn append(&mut self, batches: &[Placed]) -> Result<(), StorageError> {
        match self {
            Self::Memory(slabs) => {
                for Placed { head, body } in batches {
                    slabs.append(head);
                    match body.len() {
                        SHARE_FROM.. => slabs.append_shared(body.clone()),
                        _ => slabs.append(body),
                    }
                }
                Ok(())
            }
            Self::File(file) => file.append(batches),
        }
    }

    /// The bytes from `from` to `to`, both within the length, as slices in order.
    pub(super) fn read(&mut self, from: usize, to: usize) -> Result<Vec<Bytes>, StorageError> {
        match self {
            Self::Memory(slabs) => Ok(slabs.slices(from, to)),
            Self::File(file) => Ok(vec![file.read(from, to)?]),
        }
    }

    /// A copy of the bytes from `from` to `to`, both within the length.
    pub(super) fn copy(&self, from: usize, to: usize) -> Result<Bytes, StorageError> {
        match self {
            Self::Memory(slabs) => {
                let mut bytes = vec![0; to - from];
                slabs.copy_at(from, &mut bytes);
                Ok(bytes.into())
            }
            Self::File(file) => file.read(from, to),
        }
    }

    /// Batches from `position` on, which begins one.
    pub(super) fn walk(&self, position: usize) -> Walk<'_> {
        Walk {
            store: self,
            next: position,
            window: Window::default(),
        }
    }

    fn header_at(&self, position: usize, window: &mut Window) -> Result<Header, StorageError> {
        let short = || self.corrupt(position, "bytes end inside a batch's header");
        let header = match self {
            Self::Memory(slabs) => {
                let mut head = [0; HEADER_LEN];
                let read = slabs.copy_at(position, &mut head);
                read.then(|| Header::read(&head).ok()).flatten()
            }
            Self::File(file) => {
                if position + HEADER_LEN > file.len() {
                    return Err(short());
                }
                Header::read(window.at(file, position)?).ok()
            }
        };
        header.ok_or_else(short)
    }

    /// The error for what cannot be read at a position.
    pub(super) fn corrupt(&self, position: usize, reason: &'static str) -> StorageError {
        let file = match self {
            Self::Memory(_) => PathBuf::new(),
            Self::File(file) => file.path().to_owned(),
        };
        StorageError::Corrupt {
            file,
            position,
            reason,
        }
    }
}

/// A batch that a [`Walk`] has come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Where it begins.
    pub(super) at: usize,
    /// Where the next one begins.
    pub(super) end: usize,
    /// Its header.
    pub(super) header: Header,
}

/// The headers of a store's batches, in order.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    store: &'a Store,
    next: usize,
    window: Window,
}

/// A part of a file, so that not every header is read on its own.
#[derive(Debug, Default)]
struct Window {
    start: usize,
    bytes: Vec<u8>,
}

impl Window {
    const LEN: usize = 8 << 10;

    /// The bytes at a position; at least a header, which must be within the file.
    fn at(&mut self, file: &LogFile, position: usize) -> Result<&[u8], StorageError> {
        let end = self.start + self.bytes.len();
        if position < self.start || position + HEADER_LEN > end {
            self.bytes.resize(Self::LEN.min(file.len() - position), 0);
            self.start = position;
            file.read_at(position, &mut self.bytes)?;
        }
        Ok(&self.bytes[position - self.start..])
    }
}

impl Walk<'_> {
    /// The next batch; `None` at the end.
    ///
    /// # Errors
    /// [`StorageError`] when the bytes there are no batch.
    pub(super) fn step(&mut self) -> Result<Option<Step>, StorageError> {
        let at = self.next;
        if at >= self.store.len() {
            return Ok(None);
        }
        let header = self.store.header_at(at, &mut self.window)?;
        let end = header.size().map(|size| at + size);
        let Some(end) = end.filter(|end| *end <= self.store.len()) else {
            return Err(self.store.corrupt(at, "a batch's length is impossible"));
        };
        // Else whoever looks for an offset would pass over the batch without a word.
        if header.last_offset_delta < 0 {
            return Err(self.store.corrupt(at, "a batch ends before it begins"));
        }
        self.next = end;
        Ok(Some(Step { at, end, header }))
    }

    /// The first batch for which `wanted` holds.
    pub(super) fn find(
        mut self,
        wanted: impl Fn(&Header) -> bool,
    ) -> Result<Option<Step>, StorageError> {
        while let Some(step) = self.step()? {
            if wanted(&step.header) {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }
}
