//! How large a record may be: what is too large is refused before it is sent.

use std::ffi::{CStr, CString, c_char};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_conf_res_t as Read;

use super::{AnyClient, Core, describe_topic_configs};

/// From this size on, a topic is asked what it takes: smaller records are taken nearly everywhere.
const ASKS: usize = 64 * 1024;
/// What a batch of one record takes beside the record's bytes, at least.
const BATCH: usize = 61;
const ANSWER: Duration = Duration::from_secs(10);
const PRODUCER: &CStr = c"message.max.bytes";
const TOPIC: &str = "max.message.bytes";

/// A limit that a record's size exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizeLimit {
    /// The bytes of key, payload and headers.
    pub size: usize,
    /// The bytes that are taken.
    pub limit: usize,
    /// Whether the topic sets it (`max.message.bytes`), or the producer (`message.max.bytes`).
    pub of_topic: bool,
}

impl fmt::Display for SizeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, limit, .. } = self;
        if self.of_topic {
            write!(
                f,
                "it has {size} bytes and the topic takes {limit}: raise the topic's \
                 `max.message.bytes` (and `message.max.bytes` in `[kafka.producer.properties]` where \
                 that is less), compress, or send a reference instead"
            )
        } else {
            write!(
                f,
                "it has {size} bytes and the producer takes {limit}: raise `message.max.bytes` in \
                 `[kafka.producer.properties]`, and the topic's `max.message.bytes` if that is less"
            )
        }
    }
}

/// The limits of one topic of a producer.
#[derive(Debug)]
pub(super) struct Limits {
    producer: usize,
    /// What the topic takes; as much as there is while that is unknown.
    topic: Arc<AtomicUsize>,
    asked: AtomicBool,
    /// Topics count compressed bytes, so that nothing is known before.
    compresses: bool,
}

impl Limits {
    pub(super) fn of(core: &Core) -> Self {
        let compression = property(core, c"compression.codec");
        Self {
            producer: property(core, PRODUCER)
                .and_then(|bytes| bytes.parse().ok())
                .unwrap_or(usize::MAX),
            topic: Arc::new(AtomicUsize::new(usize::MAX)),
            asked: AtomicBool::new(false),
            compresses: compression.is_some_and(|codec| codec != "none"),
        }
    }

    /// What a record of that size exceeds; asks for the topic's limit at the first large one.
    pub(super) fn exceeded(&self, size: usize, core: &Arc<Core>, topic: &str) -> Option<SizeLimit> {
        let exceeds = |limit: usize, of_topic: bool| SizeLimit {
            size,
            limit,
            of_topic,
        };
        if size > self.producer {
            return Some(exceeds(self.producer, false));
        }
        if size < ASKS || self.compresses {
            return None;
        }
        if !self.asked.swap(true, Ordering::Relaxed) {
            self.ask(core, topic);
        }
        let limit = self.topic.load(Ordering::Relaxed);
        (size.saturating_add(BATCH) > limit).then(|| exceeds(limit, true))
    }

    fn ask(&self, core: &Arc<Core>, topic: &str) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (client, limit) = (AnyClient::Made(Arc::clone(core)), Arc::clone(&self.topic));
        let topic = topic.to_owned();
        runtime.spawn(async move {
            let described = describe_topic_configs(&client, &[&topic], ANSWER).await;
            let settings = described.map(|mut all| all.pop().map(|(_, settings)| settings));
            match settings {
                Ok(Some(Ok(settings))) => {
                    let bytes = settings.get(TOPIC).and_then(Option::as_deref);
                    let bytes = bytes.and_then(|bytes| bytes.parse().ok());
                    limit.store(bytes.unwrap_or(usize::MAX), Ordering::Relaxed);
                }
                Ok(Some(Err(refusal))) | Err(refusal) => {
                    let reason = refusal.reason;
                    tracing::debug!(topic, reason, "what the topic takes at most is unknown");
                }
                Ok(None) => {}
            }
        });
    }
}

/// A property as the client has it.
fn property(core: &Core, name: &CStr) -> Option<String> {
    let mut size = 0;
    // SAFETY: the client lives; without a buffer only the size is told.
    let known = unsafe {
        let conf = rdsys::rd_kafka_conf(core.client());
        let none = std::ptr::null_mut();
        rdsys::rd_kafka_conf_get(conf, name.as_ptr(), none, &raw mut size)
    };
    if known != Read::RD_KAFKA_CONF_OK {
        return None;
    }
    let mut text: Vec<c_char> = vec![0; size];
    // SAFETY: as above; the buffer is as long as we say.
    let read = unsafe {
        let conf = rdsys::rd_kafka_conf(core.client());
        rdsys::rd_kafka_conf_get(conf, name.as_ptr(), text.as_mut_ptr(), &raw mut size)
    };
    let bytes = text.into_iter().map(|byte| byte.to_ne_bytes()[0]);
    let bytes: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
    let text = CString::new(bytes).ok()?.into_string().ok()?;
    (read == Read::RD_KAFKA_CONF_OK).then_some(text)
}
