//! Administrative requests, each with a queue of its own for the answer.

use std::ffi::{CStr, CString, c_char};
use std::future::poll_fn;
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as rdsys;

use super::producer_config::ERROR_TEXT;
use super::producer_topic::millis;
use super::queue::Queue;
use super::{AnyClient, ErrorCode, NativeEvent};

/// librdkafka answers at its own deadline; only then do we stop waiting for it.
const GRACE: Duration = Duration::from_secs(2);

/// A request, or a part of one, that was not fulfilled.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn of(code: ErrorCode) -> Self {
        Self {
            code,
            reason: code.description().into(),
        }
    }

    /// The answer about one topic or group; `Ok` if there is no error.
    ///
    /// # Safety
    /// `reason` must be null or a zero-terminated string.
    pub(super) unsafe fn check(code: ErrorCode, reason: *const c_char) -> Result<(), Self> {
        if code == ErrorCode::NONE {
            return Ok(());
        }
        // SAFETY: promised by the caller.
        let reason = unsafe { string(reason) };
        if reason.is_empty() {
            return Err(Self::of(code));
        }
        Err(Self { code, reason })
    }
}

/// What was asked for, by topic or group.
pub(crate) type Answers<T> = Vec<(String, Result<T, Refusal>)>;

/// Makes a request at once; the answer is awaited apart from it, and so without its pointers.
pub(super) fn request(
    client: &AnyClient,
    operation: rdsys::rd_kafka_admin_op_t,
    timeout: Duration,
    submit: impl FnOnce(
        *mut rdsys::rd_kafka_t,
        *const rdsys::rd_kafka_AdminOptions_t,
        *mut rdsys::rd_kafka_queue_t,
    ),
) -> Result<Answer, Refusal> {
    let client = client.hold()?;
    let raw = client.raw();
    let refused = || Refusal::of(ErrorCode::NO_RESOURCE);
    let queue = Queue::of_answers(&client).ok_or_else(refused)?;
    let options = Options::new(raw, operation, timeout).ok_or_else(refused)?;
    submit(raw, options.0.as_ptr(), queue.raw());
    Ok(Answer { queue, timeout })
}

/// An answer to come.
pub(super) struct Answer {
    queue: Queue,
    timeout: Duration,
}

impl Answer {
    pub(super) async fn event(self) -> Result<NativeEvent, Refusal> {
        let Self { queue, timeout } = self;
        let answered = poll_fn(move |context| queue.poll_event(context));
        let Ok(event) = tokio::time::timeout(timeout + GRACE, answered).await else {
            return Err(Refusal::of(ErrorCode::TIMED_OUT));
        };
        match event.error() {
            ErrorCode::NONE => Ok(event),
            code => Err(Refusal {
                code,
                reason: event.error_text(),
            }),
        }
    }
}

/// The options of a request; destroyed on drop.
struct Options(NonNull<rdsys::rd_kafka_AdminOptions_t>);

impl Options {
    fn new(
        client: *mut rdsys::rd_kafka_t,
        operation: rdsys::rd_kafka_admin_op_t,
        timeout: Duration,
    ) -> Option<Self> {
        use rdsys::rd_kafka_admin_op_t as Op;
        // SAFETY: the caller's client lives.
        let options = unsafe { rdsys::rd_kafka_AdminOptions_new(client, operation) };
        let options = Self(NonNull::new(options)?);
        let mut reason = [0 as c_char; ERROR_TEXT];
        // A refused option would leave librdkafka's own timeout, which is bounded too.
        // SAFETY: the options live; the buffer is as long as we say.
        unsafe {
            let (raw, timeout) = (options.0.as_ptr(), millis(timeout));
            rdsys::rd_kafka_AdminOptions_set_request_timeout(
                raw,
                timeout,
                reason.as_mut_ptr(),
                reason.len(),
            );
            if matches!(
                operation,
                Op::RD_KAFKA_ADMIN_OP_CREATETOPICS | Op::RD_KAFKA_ADMIN_OP_DELETETOPICS
            ) {
                // The broker answers once it is done.
                rdsys::rd_kafka_AdminOptions_set_operation_timeout(
                    raw,
                    timeout,
                    reason.as_mut_ptr(),
                    reason.len(),
                );
            }
        }
        Some(options)
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rdsys::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) };
    }
}

/// # Safety
/// `text` must be null or zero-terminated.
pub(super) unsafe fn string(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

pub(super) fn c_string(text: &str) -> Result<CString, Refusal> {
    CString::new(text).map_err(|_| Refusal {
        code: ErrorCode::INVALID_ARGUMENT,
        reason: "it contains a zero byte".into(),
    })
}

/// The elements of an array that librdkafka returned.
///
/// # Safety
/// `start` must be null or point to `count` elements that live for `'e`.
pub(super) unsafe fn elements<'e, T>(start: *const T, count: usize) -> &'e [T] {
    if start.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: promised by the caller.
    unsafe { std::slice::from_raw_parts(start, count) }
}

/// An array of native objects for a request; each is destroyed on drop.
pub(super) struct Natives<T> {
    items: Vec<*mut T>,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Natives<T> {
    pub(super) fn new(destroy: unsafe extern "C" fn(*mut T)) -> Self {
        Self {
            items: Vec::new(),
            destroy,
        }
    }

    pub(super) fn push(&mut self, item: *mut T) -> Result<*mut T, Refusal> {
        if ptr::eq(item, ptr::null_mut()) {
            return Err(Refusal::of(ErrorCode::INVALID_ARGUMENT));
        }
        self.items.push(item);
        Ok(item)
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut *mut T {
        self.items.as_mut_ptr()
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }
}

impl<T> Drop for Natives<T> {
    fn drop(&mut self) {
        for item in &self.items {
            // SAFETY: owned, pushed once each, not null.
            unsafe { (self.destroy)(*item) };
        }
    }
}
