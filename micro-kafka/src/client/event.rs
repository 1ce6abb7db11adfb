//! An event from a client's queue.

use std::ffi::CStr;
use std::ptr::NonNull;

use rdkafka::bindings as rdsys;
use tokio::sync::oneshot;

use super::ErrorCode;

/// An event that librdkafka handed out; destroyed on drop.
#[derive(Debug)]
pub(crate) struct NativeEvent(NonNull<rdsys::rd_kafka_event_t>);

// SAFETY: an event belongs to whoever took it from its queue, on whatever thread.
unsafe impl Send for NativeEvent {}

impl NativeEvent {
    /// # Safety
    /// `event` must be null or come from a queue, and be destroyed by nobody else.
    pub(super) unsafe fn from_raw(event: *mut rdsys::rd_kafka_event_t) -> Option<Self> {
        NonNull::new(event).map(Self)
    }

    pub(super) fn as_ptr(&self) -> *mut rdsys::rd_kafka_event_t {
        self.0.as_ptr()
    }

    pub(super) fn kind(&self) -> i32 {
        // SAFETY: the event lives.
        unsafe { rdsys::rd_kafka_event_type(self.as_ptr()) }
    }

    pub(super) fn error(&self) -> ErrorCode {
        // SAFETY: the event lives.
        ErrorCode::of(unsafe { rdsys::rd_kafka_event_error(self.as_ptr()) })
    }

    pub(super) fn error_text(&self) -> String {
        // SAFETY: the event lives, and so does its text.
        let text = unsafe { rdsys::rd_kafka_event_error_string(self.as_ptr()) };
        if text.is_null() {
            return String::new();
        }
        // SAFETY: not null, zero-terminated.
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned()
    }

    /// Hands the event to whoever made the admin request.
    pub(super) fn answer(self) {
        // SAFETY: the event lives.
        let opaque = unsafe { rdsys::rd_kafka_event_opaque(self.as_ptr()) };
        if opaque.is_null() {
            return;
        }
        // SAFETY: the opaque of every admin request is such a box, and is answered once.
        let sender = unsafe { Box::from_raw(opaque.cast::<oneshot::Sender<Self>>()) };
        // Nobody waits any more: the event is destroyed.
        drop(sender.send(self));
    }
}

impl Drop for NativeEvent {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once.
        unsafe { rdsys::rd_kafka_event_destroy(self.0.as_ptr()) };
    }
}
