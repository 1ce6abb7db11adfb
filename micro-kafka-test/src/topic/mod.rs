//! The records of a topic, looked for by what they are.

mod count;
mod order;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use micro_kafka::record::OwnedRecord;

use crate::embedded::EmbeddedKafka;
use crate::filter::Filter;
use crate::matcher::Matcher;
use crate::reader::TopicReader;

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

    fn narrowed(&self, filter: Filter<'a>) -> Self {
        Self {
            filter,
            name: self.name.clone(),
            kafka: self.kafka,
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

    /// Those on this partition.
    pub fn partition(&self, partition: i32) -> Self {
        self.narrowed(self.filter.partition(partition))
    }

    /// Those of which the closure says yes.
    #[track_caller]
    pub fn matching(&self, test: impl Fn(&OwnedRecord) -> bool + Send + Sync + 'a) -> Self {
        self.narrowed(self.filter.matching(test))
    }

    fn reader(&self, place: &'static Location<'static>) -> Arc<TopicReader> {
        self.kafka.reader(&self.name, place)
    }
}

impl fmt::Debug for TopicRecords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicRecords({}{})", self.name, self.filter)
    }
}
