//! librdkafka properties, handed over one by one.

use std::ffi::{CStr, CString, c_char};
use std::ptr::NonNull;

use rdkafka::bindings as rdsys;

use super::security::{Secured, SecurityProperties};

/// Why librdkafka would not make a client; never contains a property's value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A property that librdkafka does not know.
    #[error("librdkafka has no property `{key}`")]
    UnknownProperty {
        /// The property.
        key: String,
    },
    /// A value that librdkafka does not accept.
    #[error("the value of property `{key}` is refused: {reason}")]
    InvalidValue {
        /// The property.
        key: String,
        /// librdkafka's reason, without the value.
        reason: String,
    },
    /// Properties that do not fit together.
    #[error("no client with these properties: {reason}")]
    Client {
        /// librdkafka's reason.
        reason: String,
    },
}

pub(super) const ERROR_TEXT: usize = 512;

/// A configuration under way; destroyed on drop unless a client took it.
#[derive(Debug)]
pub(super) struct NativeConfig(NonNull<rdsys::rd_kafka_conf_t>, Secured);

impl NativeConfig {
    /// Sets the properties in order, so that a later one wins.
    pub(super) fn new<'p>(
        properties: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Result<Self, ConfigError> {
        // SAFETY: no preconditions.
        let conf = NonNull::new(unsafe { rdsys::rd_kafka_conf_new() });
        let conf = conf.ok_or_else(|| ConfigError::Client {
            reason: "out of memory".into(),
        })?;
        let mut config = Self(conf, Secured::default());
        let mut security = SecurityProperties::default();
        for (key, value) in properties {
            config.set(key, value)?;
            security.note(key, value);
        }
        config.1 = Secured::install(conf.as_ptr(), |key| security.get(key));
        // Its log lines come as events; otherwise they would go to stderr.
        config.set("log.queue", "true")?;
        Ok(config)
    }

    fn set(&self, key: &str, value: &str) -> Result<(), ConfigError> {
        let invalid = |reason: String| ConfigError::InvalidValue {
            key: key.into(),
            reason,
        };
        let unknown = || ConfigError::UnknownProperty { key: key.into() };
        let name = CString::new(key).map_err(|_| unknown())?;
        let text = CString::new(value).map_err(|_| invalid("it contains a zero byte".into()))?;
        let mut reason = [0 as c_char; ERROR_TEXT];
        // SAFETY: the strings are zero-terminated, the buffer is as long as we say.
        let result = unsafe {
            rdsys::rd_kafka_conf_set(
                self.0.as_ptr(),
                name.as_ptr(),
                text.as_ptr(),
                reason.as_mut_ptr(),
                reason.len(),
            )
        };
        match result {
            rdsys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK => Ok(()),
            rdsys::rd_kafka_conf_res_t::RD_KAFKA_CONF_UNKNOWN => Err(unknown()),
            rdsys::rd_kafka_conf_res_t::RD_KAFKA_CONF_INVALID => {
                Err(invalid(without(value, &error_text(&reason))))
            }
        }
    }

    /// Makes a producer that reports everything as events on its main queue.
    pub(super) fn into_producer(self) -> Result<NonNull<rdsys::rd_kafka_t>, ConfigError> {
        let events = rdsys::RD_KAFKA_EVENT_DR
            | rdsys::RD_KAFKA_EVENT_ERROR
            | rdsys::RD_KAFKA_EVENT_LOG
            | rdsys::RD_KAFKA_EVENT_STATS;
        let mut reason = [0 as c_char; ERROR_TEXT];
        // SAFETY: the configuration is ours; the buffer is as long as we say.
        let client = unsafe {
            rdsys::rd_kafka_conf_set_events(self.0.as_ptr(), events);
            rdsys::rd_kafka_new(
                rdsys::rd_kafka_type_t::RD_KAFKA_PRODUCER,
                self.0.as_ptr(),
                reason.as_mut_ptr(),
                reason.len(),
            )
        };
        let client = NonNull::new(client).ok_or_else(|| ConfigError::Client {
            reason: error_text(&reason),
        })?;
        self.1.begin(client.as_ptr());
        let _taken = std::mem::ManuallyDrop::new(self);
        Ok(client)
    }
}

impl Drop for NativeConfig {
    fn drop(&mut self) {
        // SAFETY: no client took it.
        unsafe { rdsys::rd_kafka_conf_destroy(self.0.as_ptr()) };
    }
}

/// The text that librdkafka left in a buffer.
pub(super) fn error_text(buffer: &[c_char]) -> String {
    // SAFETY: librdkafka terminates what it writes, and the buffer began as zeroes.
    let text = unsafe { CStr::from_ptr(buffer.as_ptr()) };
    text.to_string_lossy().into_owned()
}

/// librdkafka quotes the refused value, which may be a secret.
fn without(value: &str, reason: &str) -> String {
    if value.is_empty() {
        return reason.into();
    }
    reason.replace(&format!("\"{value}\""), "it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_property_is_named() {
        let error = NativeConfig::new([("acks", "all"), ("acksx", "hunter2")]).unwrap_err();
        assert_eq!(error.to_string(), "librdkafka has no property `acksx`");
    }

    #[test]
    fn a_refused_value_is_not_repeated() {
        let error = NativeConfig::new([("linger.ms", "hunter2")]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("linger.ms"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn properties_that_do_not_fit_together_are_refused() {
        let config = NativeConfig::new([("enable.idempotence", "true"), ("acks", "1")]).unwrap();
        let error = config.into_producer().unwrap_err();
        assert!(error.to_string().contains("acks"), "{error}");
    }
}
