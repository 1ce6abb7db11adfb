//! A fetched message, read in place.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::{Arc, OnceLock};

use rdkafka::bindings as rdsys;

use super::handle::ClientHandle;
use crate::record::{HeaderRef, Headers, Timestamp};

/// A message that librdkafka fetched; destroyed on drop.
///
/// It pins a part of its consumer's fetch buffer and keeps the native consumer in memory, though
/// not in its group.
#[derive(Debug)]
pub struct NativeMessage {
    message: NonNull<rdsys::rd_kafka_message_t>,
    headers: OnceLock<HeaderList>,
    // Released after the message is destroyed.
    client: ManuallyDrop<Arc<ClientHandle>>,
}

#[derive(Debug, Clone, Copy)]
struct HeaderList(Option<NonNull<rdsys::rd_kafka_headers_t>>);

// SAFETY: librdkafka's messages may be read and destroyed on any thread.
unsafe impl Send for NativeMessage {}
// SAFETY: reading has one effect, the parsing of the headers at the first call, and that runs
// under the `OnceLock`.
unsafe impl Sync for NativeMessage {}

impl NativeMessage {
    /// Takes over a message that librdkafka handed out.
    ///
    /// # Safety
    /// `message` must come from `client`, carry no error, and be destroyed by nobody else.
    #[inline]
    pub(super) unsafe fn from_raw(
        message: NonNull<rdsys::rd_kafka_message_t>,
        client: Arc<ClientHandle>,
    ) -> Self {
        Self {
            message,
            headers: OnceLock::new(),
            client: ManuallyDrop::new(client),
        }
    }

    /// Destroys the message and gives its hold on the client back, for the next message: counting
    /// holds up and down for each would cost as much as the rest of reading it.
    #[inline]
    pub(super) fn into_client(self) -> Arc<ClientHandle> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: destroyed once, and the hold taken once: `this` is not dropped.
        unsafe {
            rdsys::rd_kafka_message_destroy(this.message.as_ptr());
            ManuallyDrop::take(&mut this.client)
        }
    }

    /// The leader that the message was fetched from; -1 is unknown.
    #[inline]
    pub(crate) fn leader_epoch(&self) -> i32 {
        // SAFETY: the message is alive.
        unsafe { rdsys::rd_kafka_message_leader_epoch(self.message.as_ptr()) }
    }

    #[inline]
    fn raw(&self) -> &rdsys::rd_kafka_message_t {
        // SAFETY: the message lives until drop.
        unsafe { self.message.as_ref() }
    }

    pub(crate) fn topic(&self) -> &str {
        // SAFETY: a fetched message has its topic; the name lives as long as the topic handle.
        let name = unsafe { CStr::from_ptr(rdsys::rd_kafka_topic_name(self.raw().rkt)) };
        name.to_str().unwrap_or_default()
    }

    pub(crate) fn partition(&self) -> i32 {
        self.raw().partition
    }

    #[inline]
    pub(crate) fn offset(&self) -> i64 {
        self.raw().offset
    }

    #[inline]
    pub(crate) fn key(&self) -> Option<&[u8]> {
        // SAFETY: pointer and length describe bytes that the message pins.
        unsafe { bytes(self.raw().key, self.raw().key_len) }
    }

    #[inline]
    pub(crate) fn payload(&self) -> Option<&[u8]> {
        // SAFETY: pointer and length describe bytes that the message pins.
        unsafe { bytes(self.raw().payload, self.raw().len) }
    }

    #[inline]
    pub(crate) fn timestamp(&self) -> Timestamp {
        let mut kind = rdsys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is alive, and the out pointer is ours.
        let millis =
            unsafe { rdsys::rd_kafka_message_timestamp(self.message.as_ptr(), &raw mut kind) };
        match kind {
            rdsys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_CREATE_TIME => {
                Timestamp::CreateTime(millis)
            }
            rdsys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => {
                Timestamp::LogAppendTime(millis)
            }
            rdsys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE => {
                Timestamp::NotAvailable
            }
        }
    }

    pub(crate) fn headers(&self) -> Headers<'_> {
        let list = self.headers.get_or_init(|| {
            let mut headers = ptr::null_mut();
            // SAFETY: the message is alive, the out pointer is ours, and nobody else parses.
            unsafe { rdsys::rd_kafka_message_headers(self.message.as_ptr(), &raw mut headers) };
            HeaderList(NonNull::new(headers))
        });
        Headers::native(NativeHeaders {
            headers: list.0,
            next: 0,
            message: PhantomData,
        })
    }
}

impl Drop for NativeMessage {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once, and before the hold on its client.
        unsafe {
            rdsys::rd_kafka_message_destroy(self.message.as_ptr());
            ManuallyDrop::drop(&mut self.client);
        }
    }
}

/// # Safety
/// Where `start` is not null it must point to `length` bytes that live for `'r`.
unsafe fn bytes<'r>(start: *const std::ffi::c_void, length: usize) -> Option<&'r [u8]> {
    // SAFETY: promised by the caller.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start.cast(), length) })
}

/// The headers of a fetched message, read in place.
#[derive(Debug, Clone)]
pub struct NativeHeaders<'r> {
    headers: Option<NonNull<rdsys::rd_kafka_headers_t>>,
    next: usize,
    message: PhantomData<&'r NativeMessage>,
}

// SAFETY: reads only, of memory that the borrowed message keeps.
unsafe impl Send for NativeHeaders<'_> {}
// SAFETY: reads only, of memory that the borrowed message keeps.
unsafe impl Sync for NativeHeaders<'_> {}

impl<'r> Iterator for NativeHeaders<'r> {
    type Item = HeaderRef<'r>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the header list lives as long as the borrowed message; the out pointers are ours.
        let code = unsafe {
            rdsys::rd_kafka_header_get_all(
                self.headers?.as_ptr(),
                self.next,
                &raw mut name,
                &raw mut value,
                &raw mut size,
            )
        };
        if code != rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        self.next += 1;
        // SAFETY: name is zero-terminated, value has `size` bytes; both live as long as the message.
        Some(unsafe {
            HeaderRef {
                raw_name: CStr::from_ptr(name).to_bytes(),
                value: bytes(value, size),
            }
        })
    }
}
