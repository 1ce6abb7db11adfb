//! A topic to send to, and the call that hands a record to librdkafka.

use std::ffi::{CString, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_vtype_t as Kind;

use super::producer_delivery::{Origin, Receipt, Slot, Undelivered};
use super::producer_limits::Limits;
use super::{Core, ErrorCode, SizeLimit};

/// A record to send; all bytes are copied by the call.
#[derive(Debug)]
pub(crate) struct Outgoing<'o, H> {
    /// The partition, or -1 to let the partitioner choose.
    pub(crate) partition: i32,
    /// Milliseconds since the epoch; `None` for now.
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<&'o [u8]>,
    pub(crate) payload: Option<&'o [u8]>,
    /// Names and values, in order.
    pub(crate) headers: H,
}

/// A topic's handle; keeps its client.
#[derive(Debug)]
pub(crate) struct Topic {
    handle: NonNull<rdsys::rd_kafka_topic_t>,
    origin: Arc<Origin>,
    limits: Limits,
    core: Arc<Core>,
}

// SAFETY: librdkafka's topic handles are reference-counted and thread-safe.
unsafe impl Send for Topic {}
// SAFETY: as above.
unsafe impl Sync for Topic {}

impl Topic {
    /// # Errors
    /// If librdkafka does not accept the name.
    pub(crate) fn new(core: &Arc<Core>, name: &str) -> Result<Self, ErrorCode> {
        let text = CString::new(name).map_err(|_| ErrorCode::INVALID_TOPIC)?;
        if name.is_empty() {
            return Err(ErrorCode::INVALID_TOPIC);
        }
        let settings = core.topic_settings(name);
        // SAFETY: the client lives, the name is zero-terminated, the settings are taken by the call;
        // null asks for the default ones.
        let handle = unsafe { rdsys::rd_kafka_topic_new(core.client(), text.as_ptr(), settings) };
        Ok(Self {
            handle: NonNull::new(handle).ok_or(ErrorCode::INVALID_TOPIC)?,
            origin: Arc::new(Origin {
                topic: name.into(),
                hook: core.hook().clone(),
            }),
            limits: Limits::of(core),
            core: Arc::clone(core),
        })
    }

    /// What a record of so many bytes exceeds, as far as it is known.
    pub(crate) fn exceeded(&self, size: usize) -> Option<SizeLimit> {
        self.limits.exceeded(size, &self.core, self.name())
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.origin.topic
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Tells the producer's listener, if there is one, of a record that was not queued.
    pub(crate) fn tell_listener(&self, refused: Undelivered) {
        if let Some(deliveries) = self.core.deliveries() {
            deliveries.tell(refused);
        }
    }

    /// Queues a record whose delivery can be awaited.
    ///
    /// # Errors
    /// If the queue is full, the record too large, or the client closed.
    pub(crate) fn queue<'h>(
        &self,
        record: Outgoing<'_, impl ExactSizeIterator<Item = (&'h [u8], Option<&'h [u8]>)>>,
    ) -> Result<Receipt, ErrorCode> {
        let slot = Slot::new(Arc::clone(&self.origin));
        let opaque = Arc::into_raw(Arc::clone(&slot));
        match self.produce(record, opaque.cast_mut().cast()) {
            Ok(()) => Ok(Receipt::new(slot)),
            Err(code) => {
                // SAFETY: librdkafka refused the record, so the reference is ours again.
                drop(unsafe { Arc::from_raw(opaque) });
                Err(code)
            }
        }
    }

    /// Queues a record whose failure goes to the hook.
    ///
    /// # Errors
    /// As [`Topic::queue`].
    pub(crate) fn queue_detached<'h>(
        &self,
        record: Outgoing<'_, impl ExactSizeIterator<Item = (&'h [u8], Option<&'h [u8]>)>>,
    ) -> Result<(), ErrorCode> {
        self.produce(record, ptr::null_mut())
    }

    fn produce<'h>(
        &self,
        record: Outgoing<'_, impl ExactSizeIterator<Item = (&'h [u8], Option<&'h [u8]>)>>,
        opaque: *mut c_void,
    ) -> Result<(), ErrorCode> {
        if self.core.is_closed() {
            return Err(ErrorCode::DESTROYED);
        }
        // Counted before librdkafka can report it.
        self.core.sent();
        let accepted = if record.headers.len() == 0 && record.timestamp.is_none() {
            self.produce_plain(record.partition, record.payload, record.key, opaque)
        } else {
            self.produce_full(record, opaque)
        };
        if accepted.is_err() {
            self.core.not_sent();
        }
        accepted
    }

    fn produce_plain(
        &self,
        partition: i32,
        payload: Option<&[u8]>,
        key: Option<&[u8]>,
        opaque: *mut c_void,
    ) -> Result<(), ErrorCode> {
        let (payload, payload_len) = parts(payload);
        let (key, key_len) = parts(key);
        // SAFETY: the handle lives; with F_COPY librdkafka only reads the bytes during the call.
        let code = unsafe {
            rdsys::rd_kafka_produce(
                self.handle.as_ptr(),
                partition,
                rdsys::RD_KAFKA_MSG_F_COPY,
                payload,
                payload_len,
                key,
                key_len,
                opaque,
            )
        };
        if code == 0 {
            return Ok(());
        }
        // SAFETY: no preconditions; tells of the call just made on this thread.
        Err(ErrorCode::of(unsafe { rdsys::rd_kafka_last_error() }))
    }

    fn produce_full<'h>(
        &self,
        record: Outgoing<'_, impl ExactSizeIterator<Item = (&'h [u8], Option<&'h [u8]>)>>,
        opaque: *mut c_void,
    ) -> Result<(), ErrorCode> {
        let headers = NativeHeaderList::new(record.headers)?;
        let (payload, payload_len) = parts(record.payload);
        let (key, key_len) = parts(record.key);
        let arguments = [
            argument(Kind::RD_KAFKA_VTYPE_RKT, |u| u.rkt = self.handle.as_ptr()),
            argument(Kind::RD_KAFKA_VTYPE_PARTITION, |u| {
                u.i32_ = record.partition
            }),
            argument(Kind::RD_KAFKA_VTYPE_MSGFLAGS, |u| {
                u.i = rdsys::RD_KAFKA_MSG_F_COPY
            }),
            argument(Kind::RD_KAFKA_VTYPE_VALUE, |u| {
                u.mem = memory(payload, payload_len)
            }),
            argument(Kind::RD_KAFKA_VTYPE_KEY, |u| u.mem = memory(key, key_len)),
            // 0 asks for the present time.
            argument(Kind::RD_KAFKA_VTYPE_TIMESTAMP, |u| {
                u.i64_ = record.timestamp.unwrap_or(0);
            }),
            argument(Kind::RD_KAFKA_VTYPE_OPAQUE, |u| u.ptr = opaque),
            argument(Kind::RD_KAFKA_VTYPE_HEADERS, |u| {
                u.headers = headers.0.as_ptr()
            }),
        ];
        // SAFETY: as in `produce_plain`; the headers belong to librdkafka once it accepted them.
        let error = unsafe {
            rdsys::rd_kafka_produceva(self.core.client(), arguments.as_ptr(), arguments.len())
        };
        if error.is_null() {
            let _taken = std::mem::ManuallyDrop::new(headers);
            return Ok(());
        }
        // SAFETY: the error is ours to read and to destroy.
        let code = unsafe {
            let code = rdsys::rd_kafka_error_code(error);
            rdsys::rd_kafka_error_destroy(error);
            code
        };
        Err(ErrorCode::of(code))
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: owned; the client outlives it by `core`.
        unsafe { rdsys::rd_kafka_topic_destroy(self.handle.as_ptr()) };
    }
}

fn parts(bytes: Option<&[u8]>) -> (*mut c_void, usize) {
    bytes.map_or((ptr::null_mut(), 0), |bytes| {
        (bytes.as_ptr().cast_mut().cast(), bytes.len())
    })
}

fn memory(ptr: *mut c_void, size: usize) -> rdsys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
    rdsys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 { ptr, size }
}

fn argument(
    vtype: Kind,
    set: impl FnOnce(&mut rdsys::rd_kafka_vu_s__bindgen_ty_1),
) -> rdsys::rd_kafka_vu_t {
    let mut u = rdsys::rd_kafka_vu_s__bindgen_ty_1 { _pad: [0; 64] };
    set(&mut u);
    rdsys::rd_kafka_vu_t { vtype, u }
}

/// Headers on their way to librdkafka; destroyed on drop.
struct NativeHeaderList(NonNull<rdsys::rd_kafka_headers_t>);

impl NativeHeaderList {
    fn new<'h>(
        headers: impl ExactSizeIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
    ) -> Result<Self, ErrorCode> {
        // SAFETY: no preconditions.
        let list = unsafe { rdsys::rd_kafka_headers_new(headers.len()) };
        let list = Self(NonNull::new(list).ok_or(ErrorCode::INVALID_ARGUMENT)?);
        for (name, value) in headers {
            let (value, value_len) = parts(value);
            // SAFETY: the bytes are as long as we say, and copied by the call.
            let code = unsafe {
                rdsys::rd_kafka_header_add(
                    list.0.as_ptr(),
                    name.as_ptr().cast(),
                    length(name.len())?,
                    value,
                    length(value_len)?,
                )
            };
            let code = ErrorCode::of(code);
            if code != ErrorCode::NONE {
                return Err(code);
            }
        }
        Ok(list)
    }
}

impl Drop for NativeHeaderList {
    fn drop(&mut self) {
        // SAFETY: librdkafka did not take them.
        unsafe { rdsys::rd_kafka_headers_destroy(self.0.as_ptr()) };
    }
}

fn length(bytes: usize) -> Result<isize, ErrorCode> {
    isize::try_from(bytes).map_err(|_| ErrorCode::INVALID_ARGUMENT)
}

/// Milliseconds that C can hold; longer waits are cut to about 24 days.
pub(super) fn millis(time: std::time::Duration) -> c_int {
    c_int::try_from(time.as_millis()).unwrap_or(c_int::MAX)
}
