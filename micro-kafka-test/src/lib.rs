//! The test kit of micro-kafka: a Kafka for each test, and assertions that show what did arrive.
//!
//! ```
//! use micro_kafka::prelude::*;
//! use micro_kafka_test::prelude::*;
//!
//! #[kafka_listener(topics = "orders", group_id = "billing")]
//! async fn charge(order: &str) -> Result<(), std::num::ParseIntError> {
//!     order.parse::<u64>().map(drop)
//! }
//!
//! #[kafka_test(topics = ["orders"], partitions = 3)]
//! async fn what_is_no_number_ends_in_the_dlt(kafka: EmbeddedKafka) {
//!     let app = kafka.app().listener(charge).start().await;
//!     kafka.send("orders", "12").key("a").await;
//!     kafka.send("orders", "twelve").key("b").await;
//!     app.listener("charge").settled().await.assert_attempts(11);
//!     kafka.dlt("orders").assert_one(|letter| letter.failure().error == "ParseIntError");
//! }
//! ```
//!
//! [`EmbeddedKafka::topic`], [`EmbeddedKafka::dlt`], [`EmbeddedKafka::group`] and
//! [`TestApp::settled`] begin assertions, which wait and have deadlines ([`Wait::within`]). Unit tests
//! need no broker: [`drive`] hands records to a listener function, [`RecordingTemplate`] records
//! sends.
//!
//! Tests run on an embedded broker, each on its own. With `MICRO_KAFKA_TEST=127.0.0.1:9092` the
//! same tests run on that Kafka, topics and groups prefixed so that they do not meet.

#[doc(hidden)]
pub mod __private;
mod app;
mod broker;
mod dead_letters;
mod deadline;
mod driven;
mod embedded;
mod faults;
mod filter;
mod group;
mod journal;
mod matcher;
pub mod prelude;
mod reader;
mod recording;
mod records;
#[cfg(feature = "schema-registry")]
mod registry;
mod requests;
mod run;
mod send;
mod show;
mod target;
mod topic;
mod wait;

pub use app::{Settled, TestApp, TestAppBuilder, TestListener};
pub use dead_letters::{DeadLetter, DeadLetters};
pub use deadline::{DEADLINE, TEST_DEADLINE};
pub use driven::{Driven, DrivenBuilder, DrivenSend, End, Outcome, ToItsEnd, drive};
pub use embedded::{EmbeddedKafka, EmbeddedKafkaBuilder, StartError};
pub use group::{GroupDescription, GroupMember, TestGroup};
pub use journal::Journal;
pub use matcher::{Matcher, containing, json, text};
pub use micro_kafka_macros::kafka_test;
pub use recording::{RecordingTemplate, SentRecords};
#[cfg(feature = "schema-registry")]
pub use registry::EmbeddedRegistry;
pub use send::TestSend;
pub use target::EXTERNAL;
pub use topic::TopicRecords;
pub use wait::{Span, Wait, Waiting};
