//! Reading the topics of a test's Kafka.

use std::panic::Location;
use std::sync::Arc;

use micro_kafka::record::OwnedRecord;

use super::{EmbeddedKafka, KNOWN, POLL};
use crate::dead_letters::DeadLetters;
use crate::deadline::fail;
use crate::reader::{ReadError, TopicReader};
use crate::records::arrived;
use crate::show;

impl EmbeddedKafka {
    /// Waits until a topic holds at least `count` records and returns all of them: in order within
    /// a partition.
    ///
    /// # Panics
    /// After 20 s, with what did arrive.
    #[track_caller]
    pub fn records(
        &self,
        topic: &str,
        count: usize,
    ) -> impl Future<Output = Vec<Arc<OwnedRecord>>> + '_ {
        let (place, seen) = (
            Location::caller(),
            self.reader(topic, Location::caller()).seen(),
        );
        async move {
            arrived(seen, count)
                .await
                .unwrap_or_else(|message| fail(place, &message))
        }
    }

    /// All that a topic holds at this moment.
    ///
    /// # Panics
    /// If it cannot be read.
    #[track_caller]
    #[must_use]
    pub fn records_now(&self, topic: &str) -> Vec<Arc<OwnedRecord>> {
        let place = Location::caller();
        let reader = self.reader(topic, place);
        let read = || match known(|| reader.end(), |_| true) {
            Ok(end) => tokio::runtime::Handle::current().block_on(arrived(reader.seen(), end)),
            Err(error) => Err(show::chain(&error)),
        };
        tokio::task::block_in_place(read).unwrap_or_else(|message| fail(place, &message))
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
    fn reader(&self, topic: &str, place: &'static Location<'static>) -> Arc<TopicReader> {
        let wire_name = self.wire_name(topic);
        let mut readers = self.inner.readers.lock();
        if let Some(reader) = readers.get(&wire_name) {
            return Arc::clone(reader);
        }
        let start = || TopicReader::start(&self.bootstrap_servers(), &wire_name);
        match tokio::task::block_in_place(|| known(start, ReadError::is_unknown_topic)) {
            Ok(reader) => Arc::clone(readers.entry(wire_name).or_insert(Arc::new(reader))),
            Err(error) => fail(place, &show::chain(&error)),
        }
    }
}

/// Asks until the topic is known, blocking: a broker may tell of a new one, and of its leaders, a
/// moment after its creation.
fn known<T>(
    mut ask: impl FnMut() -> Result<T, ReadError>,
    is_unknown: impl Fn(&ReadError) -> bool,
) -> Result<T, ReadError> {
    let asked = std::time::Instant::now();
    loop {
        match ask() {
            Err(error) if is_unknown(&error) && asked.elapsed() < KNOWN => {
                tokio::runtime::Handle::current().block_on(tokio::time::sleep(POLL));
            }
            answer => return answer,
        }
    }
}
