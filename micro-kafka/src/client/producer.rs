//! A producer: librdkafka's handle, its poll thread, and how both end.

use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::bindings as rdsys;

use super::missing_right::Deed;
use super::producer_config::{ERROR_TEXT, NativeConfig, error_text};
use super::producer_partitioner::Chooser;
use super::producer_topic::millis;
use super::producer_waiters::Waiters;
use super::{
    ConfigError, DeliveryHook, ErrorCode, FailureHook, MissingRight, NativeEvent, ProducerHooks,
    Refused, producer_events,
};
use crate::observe::DeliveryMeters;

/// The names of the property by which a client finds its cluster.
pub(crate) const SERVERS: [&str; 2] = ["bootstrap.servers", "metadata.broker.list"];

/// How long the reports of purged records may take: they come from the client itself.
const PURGE_REPORTS: Duration = Duration::from_secs(2);

/// How long the first connection is waited for.
const WARM_UP: Duration = Duration::from_secs(1);
/// When metadata is asked for again.
const WARM_UP_PAUSES: [Duration; 4] = [
    Duration::from_millis(15),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
];

/// librdkafka's client with what its users and its poll thread share; destroyed with its last user.
#[derive(Debug)]
pub(crate) struct Core {
    client: NonNull<rdsys::rd_kafka_t>,
    queue: NonNull<rdsys::rd_kafka_queue_t>,
    hooks: ProducerHooks,
    /// Of the topics, which librdkafka may ask as long as it lives.
    choosers: Mutex<Vec<Arc<Chooser>>>,
    broken: AtomicBool,
    refused: Refused,
    waiters: Waiters,
    max_in_flight: usize,
    in_flight: AtomicUsize,
    closed: AtomicBool,
    stopping: AtomicBool,
    lost: AtomicUsize,
}

// SAFETY: librdkafka's clients and queues are thread-safe.
unsafe impl Send for Core {}
// SAFETY: as above.
unsafe impl Sync for Core {}

impl Core {
    fn new(
        config: NativeConfig,
        max_in_flight: usize,
        hooks: ProducerHooks,
    ) -> Result<Self, ConfigError> {
        let client = config.into_producer()?;
        // SAFETY: the client is new and ours; its main queue lives until both are given back.
        let queue = unsafe {
            let queue = rdsys::rd_kafka_queue_get_main(client.as_ptr());
            rdsys::rd_kafka_set_log_queue(client.as_ptr(), queue);
            queue
        };
        let Some(queue) = NonNull::new(queue) else {
            // SAFETY: ours, and used by nobody yet.
            unsafe { rdsys::rd_kafka_destroy(client.as_ptr()) };
            return Err(ConfigError::Client {
                reason: "the client has no queue".into(),
            });
        };
        Ok(Self {
            client,
            queue,
            hooks,
            choosers: Mutex::default(),
            broken: AtomicBool::new(false),
            refused: Refused::default(),
            waiters: Waiters::default(),
            max_in_flight,
            in_flight: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            lost: AtomicUsize::new(0),
        })
    }

    pub(super) fn client(&self) -> *mut rdsys::rd_kafka_t {
        self.client.as_ptr()
    }

    pub(super) fn queue(&self) -> *mut rdsys::rd_kafka_queue_t {
        self.queue.as_ptr()
    }

    pub(super) fn poll(&self, millis: std::ffi::c_int) -> Option<NativeEvent> {
        // SAFETY: the queue lives; the event is ours.
        unsafe { NativeEvent::from_raw(rdsys::rd_kafka_queue_poll(self.queue(), millis)) }
    }

    pub(crate) fn hook(&self) -> &FailureHook {
        &self.hooks.failures
    }

    pub(super) fn meters(&self) -> Option<&DeliveryMeters> {
        self.hooks.meters.as_deref()
    }

    pub(super) fn deliveries(&self) -> Option<&DeliveryHook> {
        self.hooks.deliveries.as_ref()
    }

    /// The settings of a topic whose partitions the program chooses; null for the client's own.
    pub(super) fn topic_settings(&self, name: &str) -> *mut rdsys::rd_kafka_topic_conf_t {
        let Some(partitioner) = &self.hooks.partitioner else {
            return ptr::null_mut();
        };
        let chooser = Chooser::new(name, partitioner);
        // SAFETY: the client lives; it is kept for as long, in its place.
        let settings = unsafe { chooser.settings(self.client()) };
        self.choosers.lock().push(chooser);
        settings
    }

    /// Notes that nothing more can be sent.
    pub(super) fn broke(&self) {
        self.broken.store(true, Ordering::Release);
    }

    /// Why brokers do not let the client in, if so.
    pub(crate) fn refused(&self) -> &Refused {
        &self.refused
    }

    /// Whether nothing more can be sent, so that another producer is needed.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// Whether a sender that can wait may send: fewer than `max_in_flight` records are on their
    /// way. Senders at the same moment may exceed it by their number.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight.load(Ordering::SeqCst) < self.max_in_flight
    }

    pub(super) fn sent(&self) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn not_sent(&self) {
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
    }

    /// So many records are done, and their memory is free again.
    pub(super) fn done(&self, count: usize) {
        self.in_flight.fetch_sub(count, Ordering::SeqCst);
        self.waiters.wake(count);
    }

    pub(super) fn lost(&self) -> &AtomicUsize {
        &self.lost
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Why the producer can send nothing more, if so.
    pub(crate) fn fatal_reason(&self) -> Option<Box<str>> {
        let (code, reason) = self.fatal_error()?;
        let reason = format!("{reason} ({})", code.name());
        Some(match self.missing_right(code, Deed::Write, "") {
            Some(missing) => format!("{reason}; {missing}").into(),
            None => reason.into(),
        })
    }

    /// What a refusal asks for, if it is for lack of a right.
    pub(super) fn missing_right(
        &self,
        code: ErrorCode,
        deed: Deed,
        topic: &str,
    ) -> Option<MissingRight> {
        // SAFETY: the client lives.
        unsafe { MissingRight::of(self.client(), code, deed, topic) }
    }

    /// The error after which the producer can send nothing more.
    pub(super) fn fatal_code(&self) -> Option<ErrorCode> {
        self.fatal_error().map(|(code, _)| code)
    }

    fn fatal_error(&self) -> Option<(ErrorCode, String)> {
        let mut text = [0; ERROR_TEXT];
        // SAFETY: the client lives; the buffer is as long as we say.
        let code = ErrorCode::of(unsafe {
            rdsys::rd_kafka_fatal_error(self.client(), text.as_mut_ptr(), text.len())
        });
        (code != ErrorCode::NONE).then(|| (code, error_text(&text)))
    }

    /// What is to be said beside the code of a record for that topic that failed: why the producer
    /// is broken, or which right is missing.
    pub(crate) fn reason_of(&self, code: ErrorCode, topic: &str) -> Option<Box<str>> {
        if code.may_be_fatal() {
            // A send that is refused on the spot may come before the event, or without one.
            let reason = self.fatal_reason()?;
            self.broke();
            return Some(reason);
        }
        let missing = || self.missing_right(code, Deed::Write, topic);
        code.is_missing_right()
            .then(missing)
            .flatten()
            .map(|missing| missing.to_string().into())
    }

    /// Records that are not reported yet.
    pub(crate) fn outstanding(&self) -> usize {
        // SAFETY: the client lives.
        let count = unsafe { rdsys::rd_kafka_outq_len(self.client()) };
        usize::try_from(count).unwrap_or(0)
    }

    /// Waits until all records are reported; blocks, and needs the poll thread at work.
    fn flush(&self, timeout: Duration) -> ErrorCode {
        // SAFETY: the client lives.
        ErrorCode::of(unsafe { rdsys::rd_kafka_flush(self.client(), millis(timeout)) })
    }

    /// Waits for a connection, then for metadata of the topics known so far; blocks.
    fn request_metadata(&self, timeout: Duration) {
        let mut metadata = ptr::null();
        // SAFETY: the client lives; null asks for known topics; the result is ours to destroy.
        unsafe {
            rdsys::rd_kafka_metadata(
                self.client(),
                0,
                ptr::null_mut(),
                &raw mut metadata,
                millis(timeout),
            );
            if !metadata.is_null() {
                rdsys::rd_kafka_metadata_destroy(metadata);
            }
        }
    }

    fn purge(&self) {
        let all = rdsys::RD_KAFKA_PURGE_F_QUEUE | rdsys::RD_KAFKA_PURGE_F_INFLIGHT;
        // SAFETY: the client lives.
        unsafe { rdsys::rd_kafka_purge(self.client(), all) };
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // A send that raced the end may have left a record behind: whoever awaits it must hear.
        if self.outstanding() > 0 {
            self.purge();
            producer_events::drain(self);
        }
        // SAFETY: ours, and used by nobody any more.
        unsafe {
            rdsys::rd_kafka_queue_destroy(self.queue());
            rdsys::rd_kafka_destroy(self.client());
        }
    }
}

/// A producer with its poll thread; flushes on drop.
#[derive(Debug)]
pub(crate) struct Producer {
    core: Arc<Core>,
    poller: Option<JoinHandle<()>>,
    flush_timeout: Duration,
}

impl Producer {
    /// Makes a client; does not connect. Senders wait while `max_in_flight` records are on their
    /// way; `flush_timeout` bounds the flush on drop.
    ///
    /// # Errors
    /// If librdkafka refuses the properties.
    pub(crate) fn new<'p>(
        properties: impl IntoIterator<Item = (&'p str, &'p str)>,
        max_in_flight: usize,
        flush_timeout: Duration,
        hooks: impl Into<ProducerHooks>,
    ) -> Result<Self, ConfigError> {
        let config = NativeConfig::new(properties)?;
        let core = Arc::new(Core::new(config, max_in_flight.max(1), hooks.into())?);
        let shared = Arc::clone(&core);
        let poller = std::thread::Builder::new()
            .name("mk-producer".into())
            .spawn(move || producer_events::serve(&shared))
            .map_err(|error| ConfigError::Client {
                reason: format!("no thread for it: {error}"),
            })?;
        warm_up(&core);
        Ok(Self {
            core,
            poller: Some(poller),
            flush_timeout,
        })
    }

    /// Whether librdkafka would make a client of these properties; connects to nobody.
    ///
    /// # Errors
    /// If it would not.
    pub(crate) fn check<'p>(
        properties: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Result<(), ConfigError> {
        let properties = properties.into_iter();
        let offline = properties.filter(|(key, _)| !SERVERS.contains(key));
        let client = NativeConfig::new(offline)?.into_producer()?;
        // SAFETY: the client is new, ours, and used by nobody.
        unsafe { rdsys::rd_kafka_destroy(client.as_ptr()) };
        Ok(())
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Waits until all accepted records are reported; blocks its thread. The number of records
    /// that are still on their way is the error.
    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), usize> {
        match self.core.flush(timeout) {
            ErrorCode::NONE => Ok(()),
            _ => Err(self.core.outstanding()),
        }
    }

    /// Takes no more records, waits for those that it has and gives up the rest, whose number it
    /// returns; blocks its thread. Called again it waits again, for nothing.
    pub(crate) fn close(&self, deadline: Duration) -> usize {
        self.core.closed.store(true, Ordering::Release);
        self.core.waiters.wake(usize::MAX);
        let before = self.core.lost.load(Ordering::SeqCst);
        if self.core.flush(deadline) != ErrorCode::NONE {
            self.core.purge();
            self.core.flush(PURGE_REPORTS);
        }
        let lost = self.core.lost.load(Ordering::SeqCst) - before;
        if lost > 0 {
            tracing::error!(
                lost,
                ?deadline,
                "records were not delivered in time and are lost"
            );
        }
        lost
    }

    fn stop(&mut self) {
        self.core.stopping.store(true, Ordering::Release);
        // SAFETY: the queue lives.
        unsafe { rdsys::rd_kafka_queue_yield(self.core.queue()) };
        let Some(poller) = self.poller.take() else {
            return;
        };
        if poller.thread().id() != std::thread::current().id() && poller.join().is_err() {
            tracing::error!("the producer's poll thread panicked");
        }
    }

    fn is_poll_thread(&self) -> bool {
        let current = std::thread::current().id();
        self.poller
            .as_ref()
            .is_some_and(|poller| poller.thread().id() == current)
    }
}

/// Asks for metadata as soon as there is a connection, and some times more.
///
/// An idempotent producer asks for its id when metadata arrives, or else every 500 ms; and the
/// first answer may arrive while the bootstrap connection is being replaced. Without a later one
/// the first record of a process often waits half a second.
fn warm_up(core: &Arc<Core>) {
    let core = Arc::clone(core);
    let ask = move || {
        core.request_metadata(WARM_UP);
        for pause in WARM_UP_PAUSES {
            std::thread::park_timeout(pause);
            if core.is_stopping() {
                return;
            }
            core.request_metadata(WARM_UP);
        }
    };
    let thread = std::thread::Builder::new().name("mk-producer-warm".into());
    if let Err(error) = thread.spawn(ask) {
        tracing::debug!(%error, "no thread to warm the producer up");
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        if self.is_poll_thread() {
            // A hook or waker held the last handle. Waiting here would wait for ourselves, so
            // another thread does it.
            let rest = Self {
                core: Arc::clone(&self.core),
                poller: self.poller.take(),
                flush_timeout: self.flush_timeout,
            };
            let closer = std::thread::Builder::new().name("mk-producer-close".into());
            if closer.spawn(move || drop(rest)).is_err() {
                tracing::error!("no thread to flush the producer: its records may be lost");
            }
            return;
        }
        if self.poller.is_some() {
            self.close(self.flush_timeout);
            self.stop();
        }
    }
}
