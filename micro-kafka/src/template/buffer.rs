//! Buffers that are used again, so that a send need not allocate for its bytes.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// How many buffers a thread keeps.
const KEPT: usize = 64;
/// Larger ones are given back to the allocator.
const KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    static FREE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Room for the bytes of one record, taken from and given back to its thread's stock.
#[derive(Debug)]
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    pub(super) fn take() -> Self {
        let free = FREE.try_with(|free| free.borrow_mut().pop());
        Self(free.ok().flatten().unwrap_or_default())
    }

    /// Appends and says where.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Span {
        let start = self.0.len();
        self.0.extend_from_slice(bytes);
        Span {
            start,
            end: self.0.len(),
        }
    }

    pub(super) fn get(&self, span: Span) -> &[u8] {
        self.0.get(span.start..span.end).unwrap_or_default()
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        if buffer.capacity() == 0 || buffer.capacity() > KEPT_BYTES {
            return;
        }
        buffer.clear();
        // At a thread's end there is no stock any more, and the buffer is simply freed.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < KEPT {
                free.push(buffer);
            }
        });
    }
}

/// A part of a buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_used_again_and_empty() {
        let mut first = Buffer::take();
        first.append(b"some bytes");
        let address = first.as_ptr();
        drop(first);
        let second = Buffer::take();
        assert_eq!(second.as_ptr(), address);
        assert!(second.is_empty());
    }

    #[test]
    fn a_huge_buffer_is_not_kept() {
        let mut huge = Buffer::take();
        huge.append(&vec![0; KEPT_BYTES + 1]);
        drop(huge);
        assert!(Buffer::take().capacity() <= KEPT_BYTES);
    }
}
