//! Reading the topics of a test's Kafka.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use micro_kafka::record::OwnedRecord;

use super::{EmbeddedKafka, KNOWN, POLL};
use crate::dead_letters::DeadLetters;
use crate::deadline::fail;
use crate::reader::{ReadError, TopicReader};
use crate::show;
use crate::topic::TopicRecords;
use crate::wait::Wait;

impl EmbeddedKafka {
    /// The records of a topic, to be narrowed down and asserted.
    pub fn topic(&self, name: &str) -> TopicRecords<'_> {
        TopicRecords::new(self, name)
    }

    /// Waits until a topic holds at least `count` records and returns all of them: in order within
    /// a partition.
    ///
    /// # Panics
    /// After 20 s, with what did arrive.
    #[track_caller]
    pub fn records(&self, topic: &str, count: usize) -> Wait<'_, Vec<Arc<OwnedRecord>>> {
        self.topic(topic).assert_at_least(count)
    }

    /// All that a topic holds at this moment.
    ///
    /// # Panics
    /// If it cannot be read.
    #[track_caller]
    #[must_use]
    pub fn records_now(&self, topic: &str) -> Vec<Arc<OwnedRecord>> {
        let place = Location::caller();
        let now = self.topic(topic).all_now(place);
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(now.into_future())
        })
    }

    /// The dead letters of a topic's records at this moment: what `<topic>-dlt` holds.
    ///
    /// # Panics
    /// If the topic cannot be read.
    #[track_caller]
    #[must_use]
    pub fn dlt(&self, topic: &str) -> DeadLetters {
        DeadLetters::new(self.records_now(&format!("{topic}-dlt")))
    }

    #[track_caller]
    pub(crate) fn reader(
        &self,
        topic: &str,
        place: &'static Location<'static>,
    ) -> Arc<TopicReader> {
        let wire_name = self.wire_name(topic);
        let mut readers = self.inner.readers.lock();
        if let Some(reader) = readers.get(&wire_name) {
            return Arc::clone(reader);
        }
        // The embedded broker knows at once what it was asked to create.
        let grace = match self.inner.target.is_embedded() {
            true => Duration::ZERO,
            false => KNOWN,
        };
        let start = || TopicReader::start(&self.bootstrap_servers(), &wire_name);
        match tokio::task::block_in_place(|| known(grace, start)) {
            Ok(reader) => Arc::clone(readers.entry(wire_name).or_insert(Arc::new(reader))),
            Err(error) => fail(place, &show::chain(&error)),
        }
    }
}

/// Asks until the topic is known, blocking: a broker may tell of a new one, and of its leaders, a
/// moment after its creation.
fn known<T>(
    grace: Duration,
    mut ask: impl FnMut() -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let asked = std::time::Instant::now();
    loop {
        match ask() {
            Err(error) if error.is_unknown_topic() && asked.elapsed() < grace => {
                tokio::runtime::Handle::current().block_on(tokio::time::sleep(POLL));
            }
            answer => return answer,
        }
    }
}
