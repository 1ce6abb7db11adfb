//! Waking the threads of a client's brokers.

use std::ffi::CString;
use std::fmt;

use rdkafka::bindings as rdsys;

use super::handle::{ClientHandle, check_error};
use super::properties::property;

/// Sets a client's credentials to what they are: the one call of librdkafka that wakes the threads
/// of all brokers and sends nothing.
pub(super) struct BrokerWaker {
    username: CString,
    password: CString,
}

impl BrokerWaker {
    /// Of a client with these properties.
    pub(super) fn of(properties: &[(String, String)]) -> Self {
        let text = |key| {
            let value = property(properties, key).unwrap_or_default();
            // librdkafka took it as such a text before.
            CString::new(value).unwrap_or_default()
        };
        Self {
            username: text("sasl.username"),
            password: text("sasl.password"),
        }
    }

    pub(super) fn wake(&self, client: &ClientHandle) {
        // SAFETY: the client is alive, and librdkafka copies the texts.
        let error = unsafe {
            rdsys::rd_kafka_sasl_set_credentials(
                client.raw(),
                self.username.as_ptr(),
                self.password.as_ptr(),
            )
        };
        if let Err(error) = check_error("rd_kafka_sasl_set_credentials", error) {
            tracing::debug!(%error, "brokers were not woken");
        }
    }
}

impl fmt::Debug for BrokerWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerWaker").finish_non_exhaustive()
    }
}
