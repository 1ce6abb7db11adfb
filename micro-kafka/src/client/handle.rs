//! The native client, shared by its consumer and by every message it handed out.

use std::ffi::{CStr, c_char};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use rdkafka::bindings as rdsys;
use rdkafka::config::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;

use super::callbacks::{self, Callbacks};
use super::security::Secured;
use super::{ClientError, properties};

const ERROR_TEXT: usize = 512;

/// A native consumer; destroyed when its owner and the last of its messages are gone.
#[derive(Debug)]
pub(crate) struct ClientHandle {
    raw: NonNull<rdsys::rd_kafka_t>,
    // librdkafka holds a pointer to them until `drop`.
    callbacks: Box<Callbacks>,
}

// SAFETY: librdkafka's client may be used from any thread; the callbacks are behind a lock.
unsafe impl Send for ClientHandle {}
// SAFETY: see above.
unsafe impl Sync for ClientHandle {}

impl ClientHandle {
    /// A native consumer with our callbacks.
    pub(super) fn consumer(properties: &[(String, String)]) -> Result<Self, ClientError> {
        let config: ClientConfig = properties.iter().cloned().collect();
        let native = config.create_native_config()?;
        let client_id = properties::property(properties, "client.id").unwrap_or("rdkafka");
        let callbacks = Box::new(Callbacks::new(client_id));
        callbacks::install(native.ptr(), &callbacks);
        let secured = Secured::install(native.ptr(), |key| properties::property(properties, key));
        let mut text: [c_char; ERROR_TEXT] = [0; ERROR_TEXT];
        // SAFETY: the configuration is valid; on success librdkafka owns it, on failure we do.
        let raw = unsafe {
            rdsys::rd_kafka_new(
                rdsys::rd_kafka_type_t::RD_KAFKA_CONSUMER,
                native.ptr(),
                text.as_mut_ptr(),
                text.len(),
            )
        };
        let Some(raw) = NonNull::new(raw) else {
            // SAFETY: librdkafka ends the text with a zero.
            let text = unsafe { CStr::from_ptr(text.as_ptr()) };
            return Err(ClientError::Create(text.to_string_lossy().into_owned()));
        };
        let _owned_by_librdkafka = ManuallyDrop::new(native);
        let handle = Self { raw, callbacks };
        secured.begin(handle.raw());
        // SAFETY: the client is alive.
        let code = unsafe { rdsys::rd_kafka_poll_set_consumer(handle.raw()) };
        check("rd_kafka_poll_set_consumer", code).map(|()| handle)
    }

    pub(super) fn raw(&self) -> *mut rdsys::rd_kafka_t {
        self.raw.as_ptr()
    }

    pub(super) fn callbacks(&self) -> &Callbacks {
        &self.callbacks
    }

    /// Why this client can never work again, if so.
    pub(super) fn fatal_error(&self) -> Option<String> {
        let mut text: [c_char; ERROR_TEXT] = [0; ERROR_TEXT];
        // SAFETY: the client is alive and the buffer is ours.
        let code =
            unsafe { rdsys::rd_kafka_fatal_error(self.raw(), text.as_mut_ptr(), text.len()) };
        (code != rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR).then(|| {
            // SAFETY: librdkafka ends the text with a zero.
            let text = unsafe { CStr::from_ptr(text.as_ptr()) };
            format!("{}: {}", error_name(code), text.to_string_lossy())
        })
    }
}

impl Drop for ClientHandle {
    fn drop(&mut self) {
        // Leaving the group is `KafkaConsumer`'s part; a close in here would wait for a rebalance
        // that nobody answers any more.
        let flags = rdsys::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE;
        // SAFETY: queues and messages hold this handle, so none of them is left.
        unsafe { rdsys::rd_kafka_destroy_flags(self.raw(), flags) };
    }
}

/// An answer by code as a result.
pub(super) fn check(
    call: &'static str,
    code: rdsys::rd_kafka_resp_err_t,
) -> Result<(), ClientError> {
    match code {
        rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(ClientError::Call {
            call,
            code: RDKafkaErrorCode::from(code),
        }),
    }
}

/// An answer by error object as a result; the object is destroyed.
pub(super) fn check_error(
    call: &'static str,
    error: *mut rdsys::rd_kafka_error_t,
) -> Result<(), ClientError> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: the error is ours, read before it is destroyed.
    let code = unsafe {
        let code = rdsys::rd_kafka_error_code(error);
        rdsys::rd_kafka_error_destroy(error);
        code
    };
    check(call, code)
}

/// The short name of a code, as `UNKNOWN_TOPIC_OR_PART`.
pub(super) fn error_name(code: rdsys::rd_kafka_resp_err_t) -> &'static str {
    // SAFETY: librdkafka's names are static.
    let name = unsafe { CStr::from_ptr(rdsys::rd_kafka_err2name(code)) };
    name.to_str().unwrap_or("unknown")
}
