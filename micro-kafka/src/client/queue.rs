//! A queue of librdkafka that wakes its reader.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{Context, Poll};

use rdkafka::bindings as rdsys;

use super::NativeEvent;
use super::any_client::HeldClient;
use super::handle::ClientHandle;
use super::signal::{QueueSignal, Signal};

/// A queue, read by one consumer's loop or awaited for one answer.
#[derive(Debug)]
pub(super) struct Queue {
    raw: NonNull<rdsys::rd_kafka_queue_t>,
    // librdkafka holds a pointer to it until `drop`.
    signal: Arc<QueueSignal>,
    // The queue has to be released before its client.
    _client: HeldClient,
}

// SAFETY: librdkafka's queues may be used from any thread.
unsafe impl Send for Queue {}

impl Queue {
    /// The queue of callbacks and errors.
    pub(super) fn consumer(client: &Arc<ClientHandle>, signal: &Arc<Signal>) -> Option<Self> {
        // SAFETY: the client is alive.
        let raw = unsafe { rdsys::rd_kafka_queue_get_consumer(client.raw()) };
        Self::waking(raw, HeldClient::Consumer(Arc::clone(client)), signal)
    }

    /// A queue for the answer to one request.
    pub(super) fn of_answers(client: &HeldClient) -> Option<Self> {
        // SAFETY: the client is alive.
        let raw = unsafe { rdsys::rd_kafka_queue_new(client.raw()) };
        Self::waking(raw, client.clone(), &Arc::default())
    }

    /// A queue for the records of several partitions.
    pub(super) fn shared(client: &Arc<ClientHandle>, signal: &Arc<Signal>) -> Option<Self> {
        // SAFETY: the client is alive.
        let raw = unsafe { rdsys::rd_kafka_queue_new(client.raw()) };
        Self::waking(raw, HeldClient::Consumer(Arc::clone(client)), signal)
    }

    /// A partition's own queue, which wakes nobody. Once it was forwarded librdkafka leaves that to
    /// the program, so it has to be held for the consumer's life.
    pub(super) fn partition(
        client: &Arc<ClientHandle>,
        topic: &std::ffi::CStr,
        partition: i32,
    ) -> Option<Self> {
        // SAFETY: client and name are alive.
        let raw =
            unsafe { rdsys::rd_kafka_queue_get_partition(client.raw(), topic.as_ptr(), partition) };
        Self::waking(
            raw,
            HeldClient::Consumer(Arc::clone(client)),
            &Arc::default(),
        )
    }

    /// Puts what is in this queue, and what comes, behind what is in the other; `None`: from now on
    /// it keeps what comes.
    pub(super) fn forward(&self, to: Option<&Self>) {
        let to = to.map_or(std::ptr::null_mut(), Self::raw);
        // SAFETY: both queues are alive; librdkafka holds the other one as long as it needs it.
        unsafe { rdsys::rd_kafka_queue_forward(self.raw(), to) };
    }

    fn waking(
        raw: *mut rdsys::rd_kafka_queue_t,
        client: HeldClient,
        signal: &Arc<Signal>,
    ) -> Option<Self> {
        let raw = NonNull::new(raw)?;
        let signal = Arc::new(QueueSignal::new(signal));
        let opaque = Arc::as_ptr(&signal).cast_mut().cast::<c_void>();
        // SAFETY: the signal lives until `drop` has taken the callback off again.
        unsafe { rdsys::rd_kafka_queue_cb_event_enable(raw.as_ptr(), Some(filled), opaque) };
        Some(Self {
            raw,
            signal,
            _client: client,
        })
    }

    pub(super) fn raw(&self) -> *mut rdsys::rd_kafka_queue_t {
        self.raw.as_ptr()
    }

    /// Ready with the first event that comes.
    pub(super) fn poll_event(&self, context: &Context<'_>) -> Poll<NativeEvent> {
        while self.signal.poll_raised(context).is_ready() {
            // SAFETY: the queue is alive; the event is ours.
            let event = unsafe { NativeEvent::from_raw(rdsys::rd_kafka_queue_poll(self.raw(), 0)) };
            if let Some(event) = event {
                return Poll::Ready(event);
            }
        }
        Poll::Pending
    }

    pub(super) fn take_filled(&self) -> bool {
        self.signal.take()
    }

    /// Moves what is queued into `batch`, up to its capacity, serving callbacks on the way. Fewer
    /// than its capacity: the queue was seen empty.
    pub(super) fn read(&self, batch: &mut Batch, limit: usize, timeout_ms: i32) -> usize {
        let limit = limit.min(batch.0.capacity());
        batch.0.clear();
        // SAFETY: the array has room for `limit` pointers.
        let count = unsafe {
            rdsys::rd_kafka_consume_batch_queue(self.raw(), timeout_ms, batch.0.as_mut_ptr(), limit)
        };
        let count = usize::try_from(count).unwrap_or(0).min(limit);
        // SAFETY: librdkafka has filled in that many.
        unsafe { batch.0.set_len(count) };
        count
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: taking the callback off waits for one that is running; the queue is released
        // once, before its client.
        unsafe {
            rdsys::rd_kafka_queue_cb_event_enable(self.raw(), None, std::ptr::null_mut());
            rdsys::rd_kafka_queue_destroy(self.raw());
        }
    }
}

/// Runs under the queue's lock on librdkafka's threads: may only wake.
unsafe extern "C" fn filled(_client: *mut rdsys::rd_kafka_t, opaque: *mut c_void) {
    // SAFETY: `Queue` keeps its signal until it has taken this callback off.
    if let Some(signal) = unsafe { opaque.cast::<QueueSignal>().as_ref() } {
        signal.fill();
    }
}

/// Messages on their way out of a queue; whoever reads them takes them over.
#[derive(Debug, Default)]
pub(super) struct Batch(Vec<*mut rdsys::rd_kafka_message_t>);

// SAFETY: the pointers are drained by the reader within the call that filled them.
unsafe impl Send for Batch {}

impl Batch {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = NonNull<rdsys::rd_kafka_message_t>> {
        self.0.drain(..).filter_map(NonNull::new)
    }
}
