//! Append-only memory for batches.
//!
//! Bytes are copied once into slabs and handed out as [`Bytes`] slices of them. What was written
//! since the last read is frozen when somebody reads it, but not in small pieces, which would
//! cost memory and system calls: a reader at the end gets a copy of the few bytes there.

use bytes::{Bytes, BytesMut};

/// Bytes of a slab once a log has grown; slabs of small logs are a sixteenth of them.
const MAX_SLAB: usize = 1 << 20;
const MIN_SLAB: usize = 4 << 10;
/// Fewer new bytes than this are copied for their readers.
const FREEZE_FROM: usize = 4 << 10;

#[derive(Debug)]
struct Piece {
    start: usize,
    bytes: Bytes,
}

/// A growing byte string that can be read while it grows.
#[derive(Debug, Default)]
pub(super) struct Slabs {
    pieces: Vec<Piece>,
    /// What is not frozen yet, and the free room of the current slab.
    tail: BytesMut,
    /// Position of `tail`'s first byte.
    tail_start: usize,
}

impl Slabs {
    /// The length in bytes, which is the position of the next append.
    pub(super) fn len(&self) -> usize {
        self.tail_start + self.tail.len()
    }

    /// Copies `bytes` to the end.
    pub(super) fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.tail.len() == self.tail.capacity() {
                self.next_slab(bytes.len());
            }
            let room = self.tail.capacity() - self.tail.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.tail.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Appends `bytes` without copying; their whole allocation stays alive with the log.
    pub(super) fn append_shared(&mut self, bytes: Bytes) {
        self.freeze_tail();
        let start = self.tail_start;
        self.tail_start += bytes.len();
        self.pieces.push(Piece { start, bytes });
    }

    /// The bytes from `from` to `to` (both within the length), as slices in order.
    pub(super) fn slices(&mut self, from: usize, to: usize) -> Vec<Bytes> {
        if to > self.tail_start && self.tail.len() >= FREEZE_FROM {
            self.freeze_tail();
        }
        let first = self
            .pieces
            .partition_point(|piece| piece.start + piece.bytes.len() <= from);
        let mut slices = Vec::new();
        for piece in &self.pieces[first..] {
            if piece.start >= to {
                break;
            }
            let begin = from.saturating_sub(piece.start);
            let end = (to - piece.start).min(piece.bytes.len());
            slices.push(piece.bytes.slice(begin..end));
        }
        if to > self.tail_start.max(from) {
            let begin = from.saturating_sub(self.tail_start);
            let end = to - self.tail_start;
            slices.push(Bytes::copy_from_slice(&self.tail[begin..end]));
        }
        slices
    }

    /// Copies the bytes at `position` into `target`; `false` when there are not enough.
    pub(super) fn copy_at(&self, position: usize, target: &mut [u8]) -> bool {
        if position + target.len() > self.len() {
            return false;
        }
        let mut filled = 0;
        let mut index = self
            .pieces
            .partition_point(|p| p.start + p.bytes.len() <= position);
        while filled < target.len() {
            let at = position + filled;
            let (start, bytes) = match self.pieces.get(index) {
                Some(piece) => (piece.start, &piece.bytes[..]),
                None => (self.tail_start, &self.tail[..]),
            };
            let from = &bytes[at - start..];
            let count = from.len().min(target.len() - filled);
            target[filled..filled + count].copy_from_slice(&from[..count]);
            filled += count;
            index += 1;
        }
        true
    }

    fn freeze_tail(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        let bytes = self.tail.split().freeze();
        let start = self.tail_start;
        self.tail_start += bytes.len();
        self.pieces.push(Piece { start, bytes });
    }

    /// Begins a slab, for at least `needed` bytes unless they are many.
    fn next_slab(&mut self, needed: usize) {
        self.freeze_tail();
        let capacity = needed.max(self.tail_start / 16);
        let capacity = capacity.clamp(MIN_SLAB, MAX_SLAB);
        self.tail = BytesMut::with_capacity(capacity);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Append(usize),
        Share(usize),
        Read(usize, usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (1usize..3000).prop_map(Step::Append),
            1 => (1usize..3000).prop_map(Step::Share),
            3 => (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Step::Read(a, b)),
        ]
    }

    proptest! {
        #[test]
        fn reads_return_exactly_what_was_appended(steps in proptest::collection::vec(step(), 1..200)) {
            let mut slabs = Slabs::default();
            let mut model: Vec<u8> = Vec::new();
            for (seed, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Append(len) | Step::Share(len) => {
                        let bytes: Vec<u8> = (0..len).map(|i| u8::try_from((i * 7 + seed) % 251).unwrap()).collect();
                        if matches!(step, Step::Append(_)) { slabs.append(&bytes) } else { slabs.append_shared(bytes.clone().into()) }
                        model.extend(bytes);
                    }
                    Step::Read(a, b) => {
                        let (a, b) = (a % (model.len() + 1), b % (model.len() + 1));
                        let (from, to) = (a.min(b), a.max(b));
                        prop_assert_eq!(&slabs.slices(from, to).concat(), &model[from..to]);
                        let mut copy = vec![0; to - from];
                        prop_assert!(slabs.copy_at(from, &mut copy));
                        prop_assert_eq!(&copy, &model[from..to]);
                    }
                }
                prop_assert_eq!(slabs.len(), model.len());
            }
            prop_assert!(!slabs.copy_at(model.len(), &mut [0]));
        }
    }

    #[test]
    fn a_stored_byte_takes_at_most_a_tenth_more_at_any_size() {
        for size in [70, 300, 1000, 5000, 70_000, 300_000, 1_100_000] {
            let mut slabs = Slabs::default();
            let batch = vec![7; size];
            while slabs.len() < 30 << 20 {
                let at = slabs.len();
                slabs.append(&batch);
                // A consumer at the end reads every batch on its own.
                slabs.slices(at, at + size);
                let free = slabs.tail.capacity() - slabs.tail.len();
                let taken = slabs.len() + free + slabs.pieces.capacity() * size_of::<Piece>();
                let stored = slabs.len();
                assert!(
                    stored < 64 << 10 || taken * 10 <= stored * 11,
                    "{size}: {taken} for {stored}"
                );
            }
        }
    }

    #[test]
    fn a_slab_read_piece_by_piece_is_not_cut_into_small_ones() {
        let mut slabs = Slabs::default();
        for _ in 0..100_000 {
            let at = slabs.len();
            slabs.append(&[7; 100]);
            assert_eq!(slabs.slices(at, at + 100).concat(), [7; 100]);
        }
        assert!(slabs.pieces.len() < 2600, "{}", slabs.pieces.len());
        assert_eq!(slabs.slices(0, slabs.len()).concat().len(), 10_000_000);
    }
}
