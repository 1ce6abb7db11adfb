//! What librdkafka asks on its way to a broker: whether a certificate is to be trusted, and a token.

use std::ffi::{c_char, c_int, c_void};

use rdkafka::bindings as rdsys;

use super::callbacks::{self, text};

/// What a client was given for its security.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Secured {
    /// Whether the framework gets its tokens.
    tokens: bool,
}

/// Those properties of a list that security hangs on.
#[derive(Default)]
pub(super) struct SecurityProperties {
    protocol: Option<String>,
    tokens: Option<String>,
}

impl SecurityProperties {
    pub(super) fn note(&mut self, key: &str, value: &str) {
        match key {
            "security.protocol" => self.protocol = Some(value.to_owned()),
            "sasl.oauthbearer.config" => self.tokens = Some(value.to_owned()),
            _ => {}
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        match key {
            "security.protocol" => self.protocol.as_deref(),
            _ => self.tokens.as_deref(),
        }
    }
}

impl Secured {
    /// Makes a configuration call us, as far as its properties need it.
    pub(super) fn install<'p>(
        conf: *mut rdsys::rd_kafka_conf_t,
        property: impl Fn(&str) -> Option<&'p str>,
    ) -> Self {
        let protocol = property("security.protocol").unwrap_or_default();
        if protocol.to_ascii_lowercase().ends_with("ssl") {
            // Without TLS in the build there is no such callback, and no such client either.
            // SAFETY: the configuration is alive; the function has the signature asked for.
            unsafe { rdsys::rd_kafka_conf_set_ssl_cert_verify_cb(conf, Some(verify)) };
        }
        let tokens = property("sasl.oauthbearer.config").is_some_and(tokens::install_for(conf));
        Self { tokens }
    }

    /// Has tokens got by a thread of the client's own: the first connection waits for one.
    pub(super) fn begin(self, client: *mut rdsys::rd_kafka_t) {
        if !self.tokens {
            return;
        }
        // SAFETY: the client is alive; the error is ours.
        unsafe {
            let error = rdsys::rd_kafka_sasl_background_callbacks_enable(client);
            if !error.is_null() {
                let reason = text(rdsys::rd_kafka_error_string(error));
                tracing::error!(reason, "no tokens can be got for a client");
                rdsys::rd_kafka_error_destroy(error);
            }
        }
    }
}

/// Refuses what OpenSSL refuses, and says why: its own words are lost on the way.
unsafe extern "C" fn verify(
    _client: *mut rdsys::rd_kafka_t,
    broker: *const c_char,
    _broker_id: i32,
    error: *mut c_int,
    depth: c_int,
    _certificate: *const c_char,
    _certificate_len: usize,
    reason: *mut c_char,
    reason_len: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: librdkafka passes a number of its own.
    let code = unsafe { *error };
    if code == 0 {
        return 1;
    }
    // SAFETY: librdkafka passes a text.
    let broker = unsafe { text(broker) };
    let told = verdict(code, depth);
    tracing::error!(target: "librdkafka", broker, code, "a broker is not trusted: {told}");
    // SAFETY: a consumer's opaque is its callbacks; a producer has none.
    if let Some(callbacks) = unsafe { callbacks::target(opaque) } {
        callbacks.note_distrust(told.clone());
    }
    // SAFETY: the buffer is as long as librdkafka says.
    unsafe { write(&told, reason, reason_len) };
    0
}

/// What OpenSSL's verification error means, and what to do.
fn verdict(code: c_int, depth: c_int) -> String {
    let whose = match depth {
        0 => "the broker's certificate",
        _ => "a certificate of the authorities above the broker's",
    };
    match code {
        9 => format!("{whose} is not valid yet: is this machine's clock right?"),
        10 => format!("{whose} has expired: the broker needs a new one"),
        18..=21 => format!(
            "{whose} comes from an unknown authority: trust-store-certificates in [kafka.ssl] must \
             hold the authority's certificate"
        ),
        23 => format!("{whose} was revoked"),
        62 => {
            "the broker's certificate is for another host: connect by a name that it has, or set \
               verify-hostname = false in [kafka.ssl]"
                .to_owned()
        }
        64 => "the broker's certificate is for another address: connect by a name that it has, or \
               set verify-hostname = false in [kafka.ssl]"
            .to_owned(),
        7 => format!("{whose} has a wrong signature"),
        26 | 79 | 24 => format!("{whose} may not be used for this"),
        other => format!("{whose} is refused by OpenSSL with error {other}"),
    }
}

/// Leaves a text in a buffer, as much of it as there is room for.
///
/// # Safety
/// The buffer must have so many bytes.
unsafe fn write(text: &str, buffer: *mut c_char, len: usize) {
    let mut end = text.len().min(len.saturating_sub(1));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if len == 0 || buffer.is_null() {
        return;
    }
    // SAFETY: promised by the caller; one byte is left for the zero.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), buffer, end);
        *buffer.add(end) = 0;
    }
}

#[cfg(not(any(feature = "tls", feature = "tls-system")))]
mod tokens {
    use rdkafka::bindings as rdsys;

    /// librdkafka has OAUTHBEARER only together with TLS.
    pub(super) fn install_for(_conf: *mut rdsys::rd_kafka_conf_t) -> impl Fn(&str) -> bool {
        |_| false
    }
}

#[cfg(any(feature = "tls", feature = "tls-system"))]
mod tokens {
    use std::ffi::{CStr, CString, c_char, c_void};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::ptr;
    use std::time::{Duration, UNIX_EPOCH};

    use tokio::runtime::Handle;

    use super::{rdsys, text};
    use crate::client::producer_config::{ERROR_TEXT, error_text};
    use crate::security::{Token, token_config, token_for};

    /// The runtime of the application. A client's opaque is taken for something else, and there is
    /// one runtime in a process but in tests.
    static RUNTIMES: parking_lot::Mutex<Vec<Handle>> = parking_lot::Mutex::new(Vec::new());

    pub(super) fn install_for(conf: *mut rdsys::rd_kafka_conf_t) -> impl Fn(&str) -> bool {
        move |config| {
            if !token_config::is_ours(config) {
                return false;
            }
            if let Ok(handle) = Handle::try_current() {
                *RUNTIMES.lock() = vec![handle];
            }
            // SAFETY: the configuration is alive; the function has the signature asked for.
            unsafe {
                rdsys::rd_kafka_conf_enable_sasl_queue(conf, 1);
                rdsys::rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, Some(refresh));
            }
            true
        }
    }

    /// Runs on a thread of the client's own, and so may wait.
    unsafe extern "C" fn refresh(
        client: *mut rdsys::rd_kafka_t,
        config: *const c_char,
        _opaque: *mut c_void,
    ) {
        // SAFETY: librdkafka passes a text or null.
        let config = unsafe { text(config) };
        let runtime = RUNTIMES.lock().first().cloned();
        let got = catch_unwind(AssertUnwindSafe(|| token_for(&config, runtime.as_ref())));
        let outcome = match got {
            Ok(Ok(token)) => set(client, &token),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the token provider panicked".to_owned()),
        };
        let Err(reason) = outcome else { return };
        tracing::error!(reason, "no token to log in with; asked again in 10 s");
        let reason = CString::new(reason.replace('\0', " ")).unwrap_or_default();
        // SAFETY: the client is alive during its callback; the text is zero-terminated.
        unsafe { rdsys::rd_kafka_oauthbearer_set_token_failure(client, reason.as_ptr()) };
    }

    fn set(client: *mut rdsys::rd_kafka_t, token: &Token) -> Result<(), String> {
        let (principal, extensions) = token.parts();
        let c_string =
            |text: &str| CString::new(text).map_err(|_| "a token has a zero byte".to_owned());
        let (value, principal) = (c_string(token.value().expose())?, c_string(principal)?);
        let mut owned: Vec<CString> = Vec::new();
        for (key, value) in extensions {
            owned.extend([c_string(key)?, c_string(value)?]);
        }
        let mut pairs: Vec<*const c_char> = owned.iter().map(|text| CStr::as_ptr(text)).collect();
        let end = token
            .expires_at()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        let end = i64::try_from(end.as_millis()).unwrap_or(i64::MAX);
        let mut reason = [0 as c_char; ERROR_TEXT];
        let list = if pairs.is_empty() {
            ptr::null_mut()
        } else {
            pairs.as_mut_ptr()
        };
        // SAFETY: the client is alive during its callback; all texts are zero-terminated and copied.
        let code = unsafe {
            rdsys::rd_kafka_oauthbearer_set_token(
                client,
                value.as_ptr(),
                end,
                principal.as_ptr(),
                list,
                pairs.len(),
                reason.as_mut_ptr(),
                reason.len(),
            )
        };
        match code {
            rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
            // librdkafka's words may hold the token.
            _ => Err(error_text(&reason).replace(token.value().expose(), "***")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn a_verdict_says_what_to_do() {
        for (code, part) in [
            (10, "has expired"),
            (19, "unknown authority"),
            (62, "for another host"),
            (1, "OpenSSL with error 1"),
        ] {
            let told = verdict(code, 0);
            assert!(
                told.starts_with("the broker's certificate") && told.contains(part),
                "{told}"
            );
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let mut buffer = [1 as c_char; 6];
        // SAFETY: the buffer is as long as we say.
        unsafe { write("abcdé", buffer.as_mut_ptr(), buffer.len()) };
        // SAFETY: `write` ends it with a zero.
        let text = unsafe { CStr::from_ptr(buffer.as_ptr()) };
        assert_eq!(text.to_str(), Ok("abcd"));
    }
}
