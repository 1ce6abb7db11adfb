//! The poll thread: what librdkafka has to say, handed to whom it concerns.

use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rdkafka::bindings as rdsys;

use super::producer_delivery::{Refused, Slot, Stored};
use super::{Core, ErrorCode, KeyHash, NativeEvent};
use crate::record::Timestamp;

/// While nobody waits for room only events wake the thread; this is a safety net.
const IDLE_MS: c_int = 1_000;
/// Someone who was woken may never have come back: look again after this time.
const WAITING_MS: c_int = 20;
/// Reports that are taken out of an event at a time.
const REPORTS: usize = 256;
/// How many reports ahead the next slots are looked up.
const AHEAD: usize = 8;
/// How many are woken then.
const WAITING_WAKES: usize = 1_024;

/// Serves events until the client stops, then whatever is left.
pub(super) fn serve(core: &Arc<Core>) {
    while !core.is_stopping() {
        let patience = if core.waiters().is_empty() {
            IDLE_MS
        } else {
            WAITING_MS
        };
        match core.poll(patience) {
            Some(event) => handle(core, event),
            None => core.waiters().lapse(WAITING_WAKES),
        }
    }
    drain(core);
}

/// Serves what is there without waiting.
pub(super) fn drain(core: &Core) {
    while let Some(event) = core.poll(0) {
        handle(core, event);
    }
}

fn handle(core: &Core, event: NativeEvent) {
    let freed = catch_unwind(AssertUnwindSafe(move || dispatch(core, &event)));
    match freed {
        // Only now, with the event destroyed, is there room for those who wait.
        Ok(freed) if freed > 0 => core.done(freed),
        Ok(_) => {}
        Err(_) => tracing::error!("an event of the producer could not be handled"),
    }
}

/// The number of records that are done.
fn dispatch(core: &Core, event: &NativeEvent) -> usize {
    match event.kind() {
        rdsys::RD_KAFKA_EVENT_DR => return report(core, event),
        rdsys::RD_KAFKA_EVENT_LOG => log(event),
        rdsys::RD_KAFKA_EVENT_ERROR => error(core, event),
        _ => {}
    }
    0
}

fn report(core: &Core, event: &NativeEvent) -> usize {
    let mut reports = [ptr::null(); REPORTS];
    let mut count = 0;
    loop {
        // SAFETY: the event lives, and the array has room for so many.
        let got = unsafe {
            rdsys::rd_kafka_event_message_array(event.as_ptr(), reports.as_mut_ptr(), REPORTS)
        };
        let reports = &reports[..got.min(REPORTS)];
        if reports.is_empty() {
            return count;
        }
        count += reports.len();
        let mut failed = 0;
        // SAFETY: each message lives as long as the event.
        let report_at = |index: usize| unsafe { reports.get(index)?.as_ref() };
        for index in 0..reports.len() {
            if let Some(later) = report_at(index + AHEAD) {
                prefetch(later._private);
            }
            if let Some(message) = report_at(index) {
                failed += usize::from(!settle(core, message));
            }
        }
        if let Some(meters) = core.meters() {
            let took = report_at(0).and_then(latency);
            meters.add(reports.len() - failed, failed, took);
        }
    }
}

/// How long it took from the local queue to the answer.
fn latency(message: &rdsys::rd_kafka_message_t) -> Option<Duration> {
    // SAFETY: the message lives.
    let micros = unsafe { rdsys::rd_kafka_message_latency(message) };
    u64::try_from(micros).ok().map(Duration::from_micros)
}

/// Tells whom it concerns of one record; whether the broker has it.
fn settle(core: &Core, message: &rdsys::rd_kafka_message_t) -> bool {
    let report = outcome(core, message);
    let delivered = report.is_ok();
    match &report {
        Ok(_) => core.refused().clear(),
        Err(refused) => core.count_lost(refused.code),
    }
    if let Some(deliveries) = core.deliveries() {
        deliveries.call(topic_name(message), &report);
    }
    if message._private.is_null() {
        if let Err(refused) = report {
            core.hook().call(refused.of(topic_name(message)));
        }
        return delivered;
    }
    // SAFETY: `Topic::queue` gave this reference to librdkafka, which reports each record once.
    let slot = unsafe { Arc::from_raw(message._private.cast_const().cast::<Slot>()) };
    slot.complete(report);
    delivered
}

/// Has the memory of a slot on its way into the caches: it was last used when its record was sent.
fn prefetch(slot: *const std::ffi::c_void) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; no address is wrong for it.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(slot.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = slot;
}

fn outcome(core: &Core, message: &rdsys::rd_kafka_message_t) -> Result<Stored, Refused> {
    // Read as a number: a newer broker may send codes that the bindings' enum does not have.
    // SAFETY: the field is an aligned `i32` of a live message.
    let code = ErrorCode::from_raw(unsafe { *(&raw const message.err).cast::<i32>() });
    // SAFETY: the message lives.
    let status = unsafe { rdsys::rd_kafka_message_status(message) };
    if code == ErrorCode::NONE && is_presumed(status, message.offset) {
        return Err(Refused {
            code: ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
            partition: message.partition,
            key_hash: key_hash(message),
            maybe_stored: true,
            reason: None,
        });
    }
    if code == ErrorCode::NONE {
        return Ok(Stored {
            partition: message.partition,
            offset: message.offset,
            timestamp: timestamp(message),
        });
    }
    if code == ErrorCode::FATAL {
        core.broke();
    }
    Err(Refused {
        code,
        partition: message.partition,
        key_hash: key_hash(message),
        maybe_stored: status != rdsys::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED,
        reason: core
            .reason_of(code, &topic_name(message))
            .or_else(|| refusal_behind(core, code)),
    })
}

/// Why nothing was sent in time, if brokers do not let the client in.
fn refusal_behind(core: &Core, code: ErrorCode) -> Option<Box<str>> {
    let late = code == ErrorCode::MESSAGE_TIMED_OUT;
    late.then(|| core.refused().reason())
        .flatten()
        .map(Into::into)
}

/// Whether librdkafka takes a refused record for a duplicate of a stored one.
///
/// It does so with the first batch for a partition, if that was put off (the broker is not the
/// leader yet, as just after a topic's creation) while the second was taken: a broker that does not
/// know the producer takes any first sequence number, and then refuses the lower one. That record
/// is nowhere. A real duplicate comes with its offset.
fn is_presumed(status: rdsys::rd_kafka_msg_status_t, offset: i64) -> bool {
    status == rdsys::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_PERSISTED && offset < 0
}

fn timestamp(message: &rdsys::rd_kafka_message_t) -> Timestamp {
    let mut kind = rdsys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: the message lives, and the out pointer is ours.
    let millis = unsafe { rdsys::rd_kafka_message_timestamp(message, &raw mut kind) };
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

fn key_hash(message: &rdsys::rd_kafka_message_t) -> Option<KeyHash> {
    let start = message.key.cast_const().cast::<u8>();
    // SAFETY: the message lives, and its key is as long as it says.
    let key = (!start.is_null())
        .then(|| unsafe { std::slice::from_raw_parts(start, message.key_len) })?;
    Some(KeyHash::of(key))
}

fn topic_name(message: &rdsys::rd_kafka_message_t) -> Arc<str> {
    // SAFETY: a produced message has its topic, whose name is zero-terminated.
    let name = unsafe { CStr::from_ptr(rdsys::rd_kafka_topic_name(message.rkt)) };
    name.to_string_lossy().into()
}

fn log(event: &NativeEvent) {
    let (mut facility, mut text, mut level) = (ptr::null(), ptr::null(), 0);
    // SAFETY: a log event; the out pointers are ours, and the strings live as long as the event.
    let (facility, text) = unsafe {
        if rdsys::rd_kafka_event_log(
            event.as_ptr(),
            &raw mut facility,
            &raw mut text,
            &raw mut level,
        ) != 0
        {
            return;
        }
        (CStr::from_ptr(facility), CStr::from_ptr(text))
    };
    let (facility, text) = (facility.to_string_lossy(), text.to_string_lossy());
    match level {
        ..=3 => tracing::error!(target: "librdkafka", %facility, "{text}"),
        4 => tracing::warn!(target: "librdkafka", %facility, "{text}"),
        5 | 6 => tracing::info!(target: "librdkafka", %facility, "{text}"),
        _ => tracing::debug!(target: "librdkafka", %facility, "{text}"),
    }
}

fn error(core: &Core, event: &NativeEvent) {
    let code = event.error();
    if code == ErrorCode::FATAL {
        core.broke();
        let reason = core.fatal_reason();
        tracing::error!(
            reason,
            "the producer is broken; the next send is made by a new one"
        );
        return;
    }
    let reason = event.error_text();
    if code == ErrorCode::ALL_BROKERS_DOWN {
        // Eighty times a second until one is there, and librdkafka's log tells why there is none.
        tracing::debug!(%code, reason, "the producer has no broker");
    } else if is_refusal(code, &reason) {
        // Again at each attempt to connect, less and less often.
        if core.refused().note(&reason) {
            tracing::error!(%code, reason, "brokers do not let the producer in");
        }
    } else {
        tracing::warn!(%code, reason, "the producer has a problem");
    }
}

/// Whether a broker was reached and there is no way in; with TLS 1.3, a client's certificate is refused
/// once the handshake is over.
fn is_refusal(code: ErrorCode, reason: &str) -> bool {
    let alert = reason.contains("alert") && reason.contains("SSL");
    code == ErrorCode::AUTHENTICATION || code == ErrorCode::TLS || alert
}

impl Core {
    fn count_lost(&self, code: ErrorCode) {
        if code == ErrorCode::PURGED_QUEUED || code == ErrorCode::PURGED_IN_FLIGHT {
            self.lost().fetch_add(1, Ordering::SeqCst);
        }
    }
}
