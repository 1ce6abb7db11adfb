//! A listener that is driven by hand, without any broker.

mod builder;
mod delivery;
mod outcome;

use std::panic::Location;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use micro_kafka::app::DetachedListener;
use micro_kafka::codec::ToPayload;
use micro_kafka::record::OwnedRecord;

pub use builder::DrivenBuilder;
pub use delivery::{DrivenSend, ToItsEnd};
pub use outcome::{End, Outcome};

use crate::deadline::fail;
use crate::recording::RecordingTemplate;
use crate::show;

/// Drives an annotated listener by hand, named by its function: with its arguments, settings, error
/// policy and dead letters, but without broker, network or threads, and in no time.
///
/// ```
/// use micro_kafka::prelude::*;
/// use micro_kafka_test::prelude::*;
///
/// #[kafka_listener(topics = "orders", group_id = "billing", retry(attempts = 3, backoff = "1s..1m x10"))]
/// async fn charge(order: &str) -> Result<(), std::num::ParseIntError> {
///     order.parse::<u64>().map(drop)
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let charge = drive(charge).build();
/// charge.deliver("12").key("c1").await.assert_done();
/// charge.deliver("twelve").await.assert_retry_after("1s");
///
/// let ended = charge.deliver("twelve").to_its_end().await;
/// ended.assert_attempts(3).assert_waits(["1s", "10s"]);
/// ended.assert_dead_letter(|letter| letter.failure().error == "ParseIntError");
/// # });
/// ```
pub fn drive<F: 'static>(function: F) -> DrivenBuilder {
    DrivenBuilder::new(function)
}

/// A listener that is driven by hand; see [`drive`].
#[derive(Debug)]
pub struct Driven {
    listener: DetachedListener,
    kafka: RecordingTemplate,
    next_offset: AtomicI64,
}

impl Driven {
    fn new(listener: DetachedListener, kafka: RecordingTemplate) -> Self {
        Self {
            listener,
            kafka,
            next_offset: AtomicI64::new(0),
        }
    }

    /// Hands it a record with this payload, on partition 0 of its first topic, at the next offset:
    /// awaited, once; with [`DrivenSend::to_its_end`], until it is done or given up.
    ///
    /// # Panics
    /// If the payload cannot be written.
    #[track_caller]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "`Json(&order)` is made for the call, and reads better without another `&`"
    )]
    pub fn deliver(&self, payload: impl ToPayload) -> DrivenSend<'_> {
        let topics = &self.listener.endpoint().topics;
        let topic = topics.first().map_or("", String::as_str);
        let offset = self.next_offset.fetch_add(1, Ordering::Relaxed);
        let mut record = OwnedRecord::new(topic, 0, offset);
        let mut bytes = Vec::new();
        match payload.to_payload(&mut bytes) {
            Ok(true) => record.payload = Some(bytes),
            Ok(false) => {}
            Err(error) => fail(Location::caller(), &show::chain(&error)),
        }
        DrivenSend::new(self, record, Location::caller())
    }

    /// What its handler sent, and its dead letters.
    #[must_use]
    pub fn kafka(&self) -> &RecordingTemplate {
        &self.kafka
    }

    /// The offsets of the records that were acknowledged since the last delivery returned: by tasks
    /// that outlive it.
    #[must_use]
    pub fn acknowledged(&self) -> Vec<i64> {
        let said = self.said().into_iter();
        said.filter_map(|(offset, again)| again.is_none().then_some(offset))
            .collect()
    }

    /// All that was said of records: that they are done, or to be delivered again.
    fn said(&self) -> Vec<(i64, Option<Duration>)> {
        std::iter::from_fn(|| self.listener.said()).collect()
    }
}
