//! What librdkafka calls: everything is written down for the loop, nothing is done on the spot.

use std::ffi::{CStr, c_char, c_int, c_void};

use parking_lot::Mutex;
use rdkafka::bindings as rdsys;

use super::handle::error_name;
use super::missing_right::Deed;
use super::{ErrorCode, MissingRight, partition_list};

/// The name of the error after which a client never works again.
pub(super) const FATAL: &str = "_FATAL";

const NO_OFFSET: i64 = rdsys::RD_KAFKA_OFFSET_INVALID as i64;

/// The targets of librdkafka's callbacks.
#[derive(Debug)]
pub(super) struct Callbacks {
    client_id: String,
    heard: Mutex<Vec<Heard>>,
    /// Why a broker's certificate was not trusted, until librdkafka tells that a handshake failed.
    distrust: Mutex<Option<String>>,
    /// What kept the client from a broker, which librdkafka tells once in a while only.
    obstacle: Mutex<Option<String>>,
}

/// A callback, written down.
#[derive(Debug)]
pub(super) enum Heard {
    Assign(Vec<(String, i32)>),
    Revoke {
        partitions: Vec<(String, i32)>,
        lost: bool,
    },
    Committed {
        id: u64,
        code: rdsys::rd_kafka_resp_err_t,
    },
    Error {
        name: &'static str,
        text: String,
        /// The topic and partition that may not be read; -1 stands for all of them.
        denied: Option<(String, i32)>,
    },
}

impl Callbacks {
    pub(super) fn new(client_id: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            heard: Mutex::default(),
            distrust: Mutex::default(),
            obstacle: Mutex::default(),
        }
    }

    pub(super) fn take(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock())
    }

    pub(super) fn note_distrust(&self, reason: String) {
        *self.distrust.lock() = Some(reason);
    }

    /// librdkafka's words for a failed handshake with the reason, which it does not know.
    fn explained(&self, text: String) -> String {
        const FAILED: &str = "SSL handshake failed: ";
        const DOWN: &str = "brokers are down";
        if text.ends_with(DOWN) {
            return match &*self.obstacle.lock() {
                Some(obstacle) => format!("{text}: {obstacle}"),
                None => text,
            };
        }
        let reason = text
            .contains(FAILED)
            .then(|| self.distrust.lock().take())
            .flatten();
        let text = match (text.split_once(FAILED), reason) {
            (Some((place, _)), Some(reason)) => format!("{place}{FAILED}{reason}"),
            _ => text,
        };
        *self.obstacle.lock() = Some(text.clone());
        text
    }

    fn note(&self, heard: Heard) {
        self.heard.lock().push(heard);
    }
}

/// Makes a configuration call `callbacks`, which must outlive the client.
pub(super) fn install(conf: *mut rdsys::rd_kafka_conf_t, callbacks: &Callbacks) {
    let opaque = std::ptr::from_ref(callbacks).cast_mut().cast::<c_void>();
    // SAFETY: the configuration is alive; the functions have the signatures asked for.
    unsafe {
        rdsys::rd_kafka_conf_set_opaque(conf, opaque);
        rdsys::rd_kafka_conf_set_rebalance_cb(conf, Some(rebalance));
        rdsys::rd_kafka_conf_set_error_cb(conf, Some(error));
        rdsys::rd_kafka_conf_set_log_cb(conf, Some(log));
    }
}

/// # Safety
/// `opaque` must be what `install` set, or null.
pub(super) unsafe fn target<'a>(opaque: *const c_void) -> Option<&'a Callbacks> {
    // SAFETY: promised by the caller; the client's handle keeps the target alive.
    unsafe { opaque.cast::<Callbacks>().as_ref() }
}

unsafe extern "C" fn rebalance(
    client: *mut rdsys::rd_kafka_t,
    code: rdsys::rd_kafka_resp_err_t,
    partitions: *mut rdsys::rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
) {
    // SAFETY: librdkafka passes a live client and list, and our opaque.
    let (names, lost, target) = unsafe {
        (
            partition_list::names(partitions),
            rdsys::rd_kafka_assignment_lost(client) != 0,
            target(opaque),
        )
    };
    let Some(target) = target else { return };
    target.note(match code {
        rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Heard::Assign(names),
        // Anything else than an assignment has to be answered by an unassignment.
        _ => Heard::Revoke {
            partitions: names,
            lost,
        },
    });
}

/// The answer to a commit; `id` is the number that the loop gave it.
pub(super) unsafe extern "C" fn committed(
    client: *mut rdsys::rd_kafka_t,
    code: rdsys::rd_kafka_resp_err_t,
    _offsets: *mut rdsys::rd_kafka_topic_partition_list_t,
    id: *mut c_void,
) {
    // SAFETY: the opaque of the client is ours.
    let target = unsafe { target(rdsys::rd_kafka_opaque(client)) };
    if let Some(target) = target {
        let id = id.addr() as u64;
        target.note(Heard::Committed { id, code });
    }
}

unsafe extern "C" fn error(
    _client: *mut rdsys::rd_kafka_t,
    code: c_int,
    reason: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: librdkafka passes a text or null, and our opaque.
    let (text, target) = unsafe { (text(reason), target(opaque)) };
    // The text begins with the broker and says it all; the number need not be one of the codes
    // that the bindings know.
    let fatal = code == rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__FATAL as c_int;
    let name = if fatal { FATAL } else { "client" };
    if let Some(target) = target {
        let text = target.explained(text);
        target.note(Heard::Error {
            name,
            text,
            denied: None,
        });
    }
}

unsafe extern "C" fn log(
    client: *const rdsys::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    line: *const c_char,
) {
    // SAFETY: the opaque of the client is ours; while the client is being made there is none.
    let target = (!client.is_null())
        .then(|| unsafe { target(rdsys::rd_kafka_opaque(client)) })
        .flatten();
    let client_id = target.map_or("", |target| target.client_id.as_str());
    // SAFETY: librdkafka passes texts.
    let (facility, line) = unsafe { (text(facility), text(line)) };
    match level {
        0..=3 => tracing::error!(target: "librdkafka", client_id, facility, "{line}"),
        4 => tracing::warn!(target: "librdkafka", client_id, facility, "{line}"),
        5 | 6 => tracing::info!(target: "librdkafka", client_id, facility, "{line}"),
        _ => tracing::debug!(target: "librdkafka", client_id, facility, "{line}"),
    }
}

/// # Safety
/// `start` must be null or a text that ends with a zero.
pub(super) unsafe fn text(start: *const c_char) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(start) }
        .to_string_lossy()
        .trim()
        .to_owned()
}

impl Heard {
    /// An error message that arrived among the records.
    ///
    /// # Safety
    /// `client` must be alive, `message` as well and carry an error.
    pub(super) unsafe fn from_message(
        client: *const rdsys::rd_kafka_t,
        message: *const rdsys::rd_kafka_message_t,
    ) -> Self {
        // SAFETY: promised by the caller.
        unsafe {
            let code = (*message).err;
            let told = text(rdsys::rd_kafka_message_errstr(message));
            let mut words = if told.is_empty() {
                error_name(code).to_owned()
            } else {
                told
            };
            let topic = (!(*message).rkt.is_null())
                .then(|| text(rdsys::rd_kafka_topic_name((*message).rkt)));
            let name = topic.as_deref().unwrap_or_default();
            let missing = MissingRight::of(client, ErrorCode::of(code), Deed::Read, name);
            if let Some(missing) = &missing {
                words = format!("{words}; {missing}");
            }
            // What is about a whole topic has the number of its first partition, and no offset.
            let partition = match (*message).offset {
                NO_OFFSET => -1,
                _ => (*message).partition,
            };
            let place = topic.map(|topic| (topic, partition));
            Self::Error {
                name: error_name(code),
                text: words,
                denied: place.filter(|_| missing.is_some_and(|right| right.is_on_topic())),
            }
        }
    }
}
