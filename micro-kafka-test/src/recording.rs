//! A template that sends to no broker, and what was sent by it.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use micro_kafka::record::{OwnedRecord, Timestamp};
use micro_kafka::template::{KafkaTemplate, Recorder, SendError, SendResult};
use parking_lot::Mutex;

use crate::deadline::fail;
use crate::filter::Filter;
use crate::matcher::Matcher;

/// A [`KafkaTemplate`] for unit tests: no broker, no thread; every send is acknowledged at once and
/// recorded. Spring's `MockProducer`.
///
/// ```
/// # use micro_kafka::prelude::*;
/// # use micro_kafka::template::{KafkaTemplate, SendError};
/// # use micro_kafka_test::RecordingTemplate;
/// async fn place(kafka: &KafkaTemplate, order: &str) -> Result<(), SendError> {
///     kafka.send("orders", order).key("c1").await.map(drop)
/// }
///
/// # futures_util::FutureExt::now_or_never(async {
/// let kafka = RecordingTemplate::new();
/// place(&kafka, "7 pencils").await?;
/// kafka.topic("orders").key("c1").value("7 pencils").assert_one();
/// # Ok::<(), SendError>(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct RecordingTemplate {
    template: KafkaTemplate,
    recorded: Arc<Recorded>,
}

impl Default for RecordingTemplate {
    fn default() -> Self {
        Self::new()
    }
}

impl std::ops::Deref for RecordingTemplate {
    type Target = KafkaTemplate;

    fn deref(&self) -> &KafkaTemplate {
        &self.template
    }
}

impl RecordingTemplate {
    /// A template that has sent nothing.
    #[must_use]
    pub fn new() -> Self {
        let recorded = Arc::new(Recorded::default());
        let recorder: Arc<dyn Recorder> = Arc::<Recorded>::clone(&recorded);
        Self {
            template: KafkaTemplate::recording(recorder),
            recorded,
        }
    }

    /// The template, as a service takes it.
    #[must_use]
    pub fn template(&self) -> &KafkaTemplate {
        &self.template
    }

    /// Lets the next send to the error's topic fail with it; the record is not recorded. Several
    /// of one topic come in turn.
    pub fn fail_next(&self, error: SendError) {
        self.recorded.inner.lock().failures.push(error);
    }

    /// All that was sent, in that order.
    #[must_use]
    pub fn sent(&self) -> Vec<Arc<OwnedRecord>> {
        self.recorded.inner.lock().records.clone()
    }

    /// What was sent to a topic, to be narrowed down and asserted.
    pub fn topic(&self, name: &str) -> SentRecords<'_> {
        SentRecords::new(name, &self.sent())
    }
}

#[derive(Debug, Default)]
struct Recorded {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    records: Vec<Arc<OwnedRecord>>,
    ends: HashMap<(String, i32), i64>,
    failures: Vec<SendError>,
}

impl Recorder for Recorded {
    fn record(&self, record: OwnedRecord) -> Result<SendResult, SendError> {
        let inner = &mut *self.inner.lock();
        match inner.failure(&record.topic) {
            Some(error) => Err(error),
            None => Ok(inner.take(record)),
        }
    }

    fn commit(&self, records: Vec<OwnedRecord>) -> Result<(), Vec<SendError>> {
        let inner = &mut *self.inner.lock();
        let failures: Vec<_> = records
            .iter()
            .filter_map(|record| inner.failure(&record.topic))
            .collect();
        if !failures.is_empty() {
            return Err(failures);
        }
        for record in records {
            inner.take(record);
        }
        Ok(())
    }
}

impl Inner {
    fn failure(&mut self, topic: &str) -> Option<SendError> {
        let failing = |error: &SendError| error.topic() == topic;
        let at = self.failures.iter().position(failing)?;
        Some(self.failures.remove(at))
    }

    fn take(&mut self, mut record: OwnedRecord) -> SendResult {
        record.partition = record.partition.max(0);
        let end = self.ends.entry((record.topic.clone(), record.partition));
        let end = end.or_default();
        record.offset = *end;
        *end += 1;
        if record.timestamp == Timestamp::NotAvailable {
            record.timestamp = Timestamp::CreateTime(now());
        }
        let sent = SendResult {
            topic: record.topic.as_str().into(),
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
        };
        self.records.push(Arc::new(record));
        sent
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// What was sent to a topic, or those records of it that are looked for; see
/// [`RecordingTemplate::topic`].
#[derive(Clone)]
#[must_use = "nothing is asserted yet"]
pub struct SentRecords<'a> {
    all: Vec<Arc<OwnedRecord>>,
    topic: String,
    filter: Filter<'a>,
}

impl<'a> SentRecords<'a> {
    pub(crate) fn new(topic: &str, sent: &[Arc<OwnedRecord>]) -> Self {
        let of_topic = sent.iter().filter(|record| record.topic == topic);
        Self {
            all: of_topic.cloned().collect(),
            topic: topic.to_owned(),
            filter: Filter::default(),
        }
    }

    fn narrowed(&self, filter: Filter<'a>) -> Self {
        Self {
            filter,
            ..self.clone()
        }
    }

    /// Those with this key: a text, bytes, or another [`Matcher`].
    pub fn key(&self, key: impl Matcher + 'a) -> Self {
        self.narrowed(self.filter.key(key))
    }

    /// Those with this value: a text, bytes, `Json(&value)`, or another [`Matcher`].
    pub fn value(&self, value: impl Matcher + 'a) -> Self {
        self.narrowed(self.filter.value(value))
    }

    /// Those with a header of this name, and the last of that name with this value.
    pub fn header(&self, name: &str, value: impl Matcher + 'a) -> Self {
        self.narrowed(self.filter.header(name, value))
    }

    /// Those that were sent to this partition.
    pub fn partition(&self, partition: i32) -> Self {
        self.narrowed(self.filter.partition(partition))
    }

    /// Those of which the closure says yes.
    #[track_caller]
    pub fn matching(&self, test: impl Fn(&OwnedRecord) -> bool + Send + Sync + 'a) -> Self {
        self.narrowed(self.filter.matching(test))
    }

    /// Asserts how many there are, and returns them.
    ///
    /// # Panics
    /// If there are more or fewer, with what was sent.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_exactly(&self, count: usize) -> Vec<Arc<OwnedRecord>> {
        if self.filter.count(&self.all) != count {
            let expected = ("exactly", count);
            let message = self.filter.miscounted(&self.all, expected, &self.topic, "");
            fail(Location::caller(), &message);
        }
        self.filter.found(&self.all)
    }

    /// Asserts that there is one, and returns it.
    ///
    /// # Panics
    /// If there are more or none, with what was sent.
    #[track_caller]
    #[allow(
        clippy::must_use_candidate,
        reason = "an assertion is called for its panic"
    )]
    pub fn assert_one(&self) -> Arc<OwnedRecord> {
        let mut found = self.assert_exactly(1);
        found.swap_remove(0)
    }

    /// Asserts that there are none.
    ///
    /// # Panics
    /// If there are, with what was sent.
    #[track_caller]
    pub fn assert_none(&self) {
        self.assert_exactly(0);
    }
}

impl std::fmt::Debug for SentRecords<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SentRecords({}{})", self.topic, self.filter)
    }
}
