//! An event from a client's queue.

use std::ffi::CStr;
use std::ptr::NonNull;

use rdkafka::bindings as rdsys;

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
}

impl Drop for NativeEvent {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once.
        unsafe { rdsys::rd_kafka_event_destroy(self.0.as_ptr()) };
    }
}
