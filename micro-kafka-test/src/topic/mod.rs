//! The records of a topic, looked for by what they are.

mod count;
mod filter;
mod order;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use micro_kafka::record::OwnedRecord;

use crate::embedded::EmbeddedKafka;
use crate::matcher::Matcher;
use crate::reader::TopicReader;
use crate::show;
use filter::Filter;

/// The records of a topic, or those of them that are looked for; see [`EmbeddedKafka::topic`].
///
/// The conditions narrow it down, and the assertions wait until they hold:
///
/// ```test_harness
/// # use micro_kafka::prelude::*;
/// # use micro_kafka_test::prelude::*;
/// # #[derive(Serialize, Deserialize)] struct Order { id: u64, cents: i64 }
/// # #[kafka_test(topics = ["orders:3"])]
/// # async fn orders_are_found(kafka: EmbeddedKafka) {
/// # kafka.send("orders", Json(&Order { id: 7, cents: 5 })).key("c1").header("source", "web").await;
/// let orders = kafka.topic("orders");
/// orders.key("c1").value(Json(&Order { id: 7, cents: 5 })).assert_one().await;
/// orders.value(json(|order: Order| order.cents > 100)).assert_none().await;
/// orders.header("source", "web").assert_at_least(1).within("5s").await;
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is asserted until one of its assertions is awaited"]
pub struct TopicRecords<'a> {
    kafka: &'a EmbeddedKafka,
    name: String,
    filter: Filter<'a>,
}

impl<'a> TopicRecords<'a> {
    pub(crate) fn new(kafka: &'a EmbeddedKafka, name: &str) -> Self {
        Self {
            kafka,
            name: name.to_owned(),
            filter: Filter::default(),
        }
    }

    fn with(&self, what: String, test: impl Fn(&OwnedRecord) -> bool + Send + Sync + 'a) -> Self {
        let mut narrowed = self.clone();
        narrowed.filter.add(what, test);
        narrowed
    }

    /// Those with this key: a text, bytes, or whatever [`Matcher`].
    pub fn key(&self, key: impl Matcher + 'a) -> Self {
        self.with(format!("key={}", key.describe()), move |record| {
            key.accepts(record.key.as_deref())
        })
    }

    /// Those with this value: a text, bytes, `Json(&value)`, or whatever [`Matcher`].
    pub fn value(&self, value: impl Matcher + 'a) -> Self {
        self.with(format!("payload={}", value.describe()), move |record| {
            value.accepts(record.payload.as_deref())
        })
    }

    /// Those with a header of this name, and the last of that name with this value.
    pub fn header(&self, name: &str, value: impl Matcher + 'a) -> Self {
        let name = name.to_owned();
        self.with(format!("{name}={}", value.describe()), move |record| {
            let mut headers = record.headers.iter().rev();
            let header = headers.find(|header| header.name == name.as_bytes());
            header.is_some_and(|header| value.accepts(header.value.as_deref()))
        })
    }

    /// Those on this partition.
    pub fn partition(&self, partition: i32) -> Self {
        self.with(format!("partition {partition}"), move |record| {
            record.partition == partition
        })
    }

    /// Those of which the closure says yes.
    #[track_caller]
    pub fn matching(&self, test: impl Fn(&OwnedRecord) -> bool + Send + Sync + 'a) -> Self {
        let line = Location::caller().line();
        self.with(format!("the condition of line {line}"), test)
    }

    fn reader(&self, place: &'static Location<'static>) -> Arc<TopicReader> {
        self.kafka.reader(&self.name, place)
    }

    /// What is looked for, as a part of a sentence.
    fn looked_for(&self) -> String {
        format!("of topic `{}`{}", self.name, self.filter)
    }

    fn found(&self, all: &[Arc<OwnedRecord>]) -> Vec<Arc<OwnedRecord>> {
        let found = all.iter().filter(|record| self.filter.holds(record));
        found.cloned().collect()
    }

    fn count(&self, all: &[Arc<OwnedRecord>]) -> usize {
        all.iter()
            .filter(|record| self.filter.holds(record))
            .count()
    }

    fn shown(&self, all: &[Arc<OwnedRecord>]) -> String {
        show::marked(all, |record| {
            !self.filter.is_empty() && self.filter.holds(record)
        })
    }
}

impl fmt::Debug for TopicRecords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicRecords({}{})", self.name, self.filter)
    }
}
