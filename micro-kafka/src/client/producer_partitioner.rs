//! A partitioner of the program's own, called by librdkafka.

use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rdkafka::bindings as rdsys;

/// A partition that no topic has; with -1 librdkafka would wait for a better choice.
const NO_PARTITION: i32 = i32::MAX;

/// Chooses the partitions of records that name none.
///
/// Runs while a record is queued, or on a thread of librdkafka's, so it must not block. Without
/// one, records go where a Java producer puts them.
pub trait Partitioner: Send + Sync {
    /// A partition from 0 to below `partitions`; any other number fails the record.
    fn partition(&self, topic: &str, key: Option<&[u8]>, partitions: i32) -> i32;
}

/// A partitioner with the topic that it is asked about; lives as long as its client.
pub(super) struct Chooser {
    topic: Arc<str>,
    partitioner: Arc<dyn Partitioner>,
}

impl Chooser {
    pub(super) fn new(topic: &str, partitioner: &Arc<dyn Partitioner>) -> Arc<Self> {
        Arc::new(Self {
            topic: topic.into(),
            partitioner: Arc::clone(partitioner),
        })
    }

    /// The settings of a topic that asks this one.
    ///
    /// # Safety
    /// The client must live; `self` must outlive it.
    pub(super) unsafe fn settings(
        &self,
        client: *mut rdsys::rd_kafka_t,
    ) -> *mut rdsys::rd_kafka_topic_conf_t {
        let opaque = std::ptr::from_ref(self).cast_mut().cast::<c_void>();
        // SAFETY: the settings are new; the function has the signature asked for.
        unsafe {
            let settings = rdsys::rd_kafka_default_topic_conf_dup(client);
            rdsys::rd_kafka_topic_conf_set_opaque(settings, opaque);
            rdsys::rd_kafka_topic_conf_set_partitioner_cb(settings, Some(choose));
            settings
        }
    }
}

impl std::fmt::Debug for Chooser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Chooser").field(&self.topic).finish()
    }
}

unsafe extern "C" fn choose(
    _topic: *const rdsys::rd_kafka_topic_t,
    key: *const c_void,
    key_len: usize,
    partitions: i32,
    opaque: *mut c_void,
    _message: *mut c_void,
) -> i32 {
    // SAFETY: the opaque is the chooser, which outlives the client; the key is as long as is said.
    let (chooser, key) = unsafe {
        let key = (!key.is_null())
            .then(|| std::slice::from_raw_parts(key.cast::<c_char>().cast::<u8>(), key_len));
        (opaque.cast::<Chooser>().as_ref(), key)
    };
    let Some(chooser) = chooser else {
        return NO_PARTITION;
    };
    let choice = AssertUnwindSafe(|| {
        let Chooser { topic, partitioner } = chooser;
        partitioner.partition(topic, key, partitions)
    });
    match catch_unwind(choice) {
        Ok(partition) if (0..partitions).contains(&partition) => partition,
        Ok(_) => NO_PARTITION,
        Err(_) => {
            tracing::error!(topic = &*chooser.topic, "the partitioner panicked");
            NO_PARTITION
        }
    }
}
