//! The bytes a client has sent, cut into frames.

use bytes::{Buf, Bytes, BytesMut};

use super::impostor;
use super::limits::Grant;

const PREFIX: usize = 4;
/// Room for what a client sends first; one that sends more gets more. Thousands of clients that
/// rest take so much each.
const FIRST_READ: usize = 4 * 1024;
/// How many requests of the size that a client is known to send have room at once.
const READ_FRAMES: usize = 8;
/// With less room left than this, or than the client's requests take, a new buffer is begun.
const LEAST_READ: usize = 1024;
/// What a client that has proved nothing gets for the request that it announces. Smaller requests
/// need no grant.
const UNPROVEN: usize = 64 * 1024;

/// Bytes that are no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(super) enum FrameError {
    /// The first bytes belong to another protocol.
    #[error("this looks like {0}, not like a Kafka request")]
    Impostor(&'static str),
    /// A length that no request has.
    #[error("announced a request of {0} bytes")]
    NotPositive(i32),
    /// A length above the limit.
    #[error("announced a request of {announced} bytes; the limit is {limit}")]
    TooLong {
        /// Bytes announced.
        announced: usize,
        /// Most bytes (`socket.request.max.bytes`).
        limit: usize,
    },
}

/// A frame without its length, and what it may take.
#[derive(Debug)]
pub(super) struct Received {
    /// The frame.
    pub(super) frame: Bytes,
    /// Its memory, if it is large: to be held until it is answered.
    pub(super) grant: Option<Grant>,
}

/// Collects bytes and gives out whole frames.
///
/// Memory grows with the bytes that arrive, never with those announced: a frame may at most
/// double what is there, or reach what this client has already sent in one frame. Large frames need
/// a [`Grant`] of the memory that all connections share.
#[derive(Debug)]
pub(super) struct Inbox {
    buf: BytesMut,
    grant: Option<Grant>,
    limit: usize,
    proven: usize,
    seen_first: bool,
}

impl Inbox {
    /// An empty inbox for frames of up to `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            buf: BytesMut::new(),
            grant: None,
            limit,
            proven: 0,
            seen_first: false,
        }
    }

    /// The length of the frame that has begun.
    fn announced(&mut self) -> Result<Option<usize>, FrameError> {
        let Some(&prefix) = self.buf.first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        if !self.seen_first {
            if let Some(what) = impostor::guess(prefix) {
                return Err(FrameError::Impostor(what));
            }
            self.seen_first = true;
        }
        let length = i32::from_be_bytes(prefix);
        let announced = usize::try_from(length)
            .ok()
            .filter(|&length| length > 0)
            .ok_or(FrameError::NotPositive(length))?;
        if announced > self.limit {
            let limit = self.limit;
            return Err(FrameError::TooLong { announced, limit });
        }
        Ok(Some(announced))
    }

    /// Whether a whole frame is waiting, or an error.
    pub(super) fn is_ready(&mut self) -> bool {
        match self.announced() {
            Ok(Some(length)) => self.buf.len() >= PREFIX + length,
            Ok(None) => false,
            Err(_) => true,
        }
    }

    /// Takes the next frame out, without its length.
    ///
    /// # Errors
    /// If what came is no frame; the connection cannot be read any further.
    pub(super) fn take(&mut self) -> Result<Option<Received>, FrameError> {
        let Some(length) = self.announced()? else {
            return Ok(None);
        };
        if self.buf.len() < PREFIX + length {
            return Ok(None);
        }
        self.proven = self.proven.max(length);
        self.buf.advance(PREFIX);
        Ok(Some(Received {
            frame: self.buf.split_to(length).freeze(),
            grant: self.grant.take(),
        }))
    }

    /// The size of the frame that has begun, if it may not go on without a grant.
    pub(super) fn ungranted(&mut self) -> Option<usize> {
        if self.grant.is_some() || self.buf.len() < UNPROVEN {
            return None;
        }
        let announced = self.announced().ok().flatten();
        announced.filter(|length| PREFIX + length > self.buf.len())
    }

    /// Lets the frame that has begun go on.
    pub(super) fn grant(&mut self, grant: Grant) {
        self.grant = Some(grant);
    }

    /// The buffer to read into, with room for at least one byte.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        let have = self.buf.len();
        let spare = self.buf.capacity() - have;
        match self.announced() {
            Ok(Some(length)) => {
                let missing = (PREFIX + length).saturating_sub(have);
                let allowed = UNPROVEN.max(have).max(self.proven);
                if spare < missing.min(allowed) {
                    self.buf.reserve(missing.min(allowed));
                }
            }
            _ => {
                let one = self.proven.saturating_add(PREFIX);
                if spare < one.clamp(LEAST_READ, UNPROVEN) {
                    let usual = one.saturating_mul(READ_FRAMES);
                    self.buf.reserve(usual.clamp(FIRST_READ, UNPROVEN));
                }
            }
        }
        &mut self.buf
    }

    /// Bytes of a frame that has not arrived whole.
    pub(super) fn unfinished(&self) -> usize {
        self.buf.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BufMut;

    fn fed(bytes: &[u8]) -> Inbox {
        let mut inbox = Inbox::new(1 << 20);
        inbox.room().put_slice(bytes);
        inbox
    }

    #[test]
    fn frames_come_out_whole_and_in_order() {
        let mut inbox = fed(&[0, 0, 0, 1, 7, 0, 0, 0, 2, 8]);
        assert_eq!(inbox.take().unwrap().unwrap().frame, [7][..]);
        assert!(inbox.take().unwrap().is_none());
        assert!(!inbox.is_ready());
        inbox.room().put_slice(&[9]);
        assert!(inbox.is_ready());
        assert_eq!(inbox.take().unwrap().unwrap().frame, [8, 9][..]);
        assert_eq!(inbox.unfinished(), 0);
    }

    #[test]
    fn an_announced_length_is_not_allocated() {
        let mut inbox = Inbox::new(usize::MAX);
        inbox.room().put_slice(&0x7fff_fff0_i32.to_be_bytes());
        inbox.room();
        assert!(
            inbox.buf.capacity() <= 2 * UNPROVEN,
            "{}",
            inbox.buf.capacity()
        );
    }

    #[tokio::test]
    async fn a_large_frame_goes_on_with_a_grant() {
        let memory = crate::server::limits::RequestMemory::new(-1);
        let length = 3 * UNPROVEN;
        let mut inbox = Inbox::new(usize::MAX);
        inbox.room().put_i32(i32::try_from(length).unwrap());
        inbox.room().put_bytes(0, UNPROVEN - PREFIX - 1);
        assert_eq!(inbox.ungranted(), None, "still small");
        inbox.room().put_u8(0);
        assert_eq!(inbox.ungranted(), Some(length));
        inbox.grant(memory.take(length).await);
        assert_eq!(inbox.ungranted(), None);
        inbox.room().put_bytes(0, 2 * UNPROVEN + PREFIX);
        let received = inbox.take().unwrap().unwrap();
        assert_eq!(received.frame.len(), length);
        assert!(received.grant.is_some());
        inbox.room().put_bytes(0, PREFIX);
        assert_eq!(inbox.ungranted(), None, "the next is another");
    }

    #[test]
    fn a_client_that_rests_takes_little_memory() {
        let mut inbox = fed(&[0, 0, 0, 1, 7]);
        inbox.take().unwrap();
        inbox.room();
        assert!(
            inbox.buf.capacity() <= FIRST_READ,
            "{}",
            inbox.buf.capacity()
        );
        let length = 2 * FIRST_READ;
        inbox.room().put_i32(i32::try_from(length).unwrap());
        inbox.room().put_bytes(0, length);
        inbox.take().unwrap();
        inbox.room();
        assert!(inbox.buf.capacity() >= UNPROVEN, "{}", inbox.buf.capacity());
    }

    #[test]
    fn lengths_that_no_request_has_are_refused() {
        let refused = |bytes: &[u8]| fed(bytes).take().unwrap_err();
        assert_eq!(refused(&[0; 4]), FrameError::NotPositive(0));
        assert_eq!(refused(&[0xff; 4]), FrameError::NotPositive(-1));
        assert!(matches!(
            fed(&[1, 0, 0, 0]).take(),
            Err(FrameError::TooLong {
                announced: 0x0100_0000,
                ..
            })
        ));
    }

    #[test]
    fn an_impostor_is_known_by_its_first_bytes_only() {
        assert!(matches!(
            fed(b"GET / HTTP").take(),
            Err(FrameError::Impostor(_))
        ));
        let mut later = fed(&[0, 0, 0, 1, 7]);
        later.take().unwrap();
        later.room().put_slice(b"GET ");
        assert!(matches!(later.take(), Err(FrameError::TooLong { .. })));
    }
}
