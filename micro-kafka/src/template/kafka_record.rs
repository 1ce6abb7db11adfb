//! Types that know where they belong.

use super::{KafkaTemplate, SendBuilder, Transaction, TransactionSend};
use crate::admin::NewTopic;
use crate::codec::ToPayload;

/// A type with a topic and a key of its own, to be sent by [`KafkaTemplate::publish`].
///
/// ```
/// use micro_kafka::prelude::*;
///
/// #[derive(Serialize, KafkaRecord)]
/// #[kafka(topic = "orders")]
/// struct Order {
///     #[kafka(key)]
///     customer: String,
///     cents: i64,
/// }
///
/// async fn place(kafka: &KafkaTemplate, order: &Order) -> Result<(), KafkaError> {
///     kafka.publish(order).header("source", "web").await?;
///     Ok(())
/// }
/// # let order = Order { customer: "c1".into(), cents: 1 };
/// # let mut key = Vec::new();
/// # assert!(order.write_key(&mut key) && key == b"c1" && order.topic() == "orders");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no topic of its own",
    label = "not a `KafkaRecord`",
    note = "write `#[derive(KafkaRecord)] #[kafka(topic = \"…\")]` before it, or use `send(topic, …)`"
)]
pub trait KafkaRecord {
    /// How it is written; `Json<&Self>` by the derive.
    type Payload<'p>: ToPayload
    where
        Self: 'p;

    /// Its topic, without namespace.
    fn topic(&self) -> &str;

    /// Appends its key; `false` for none.
    fn write_key(&self, buffer: &mut Vec<u8>) -> bool {
        let _ = buffer;
        false
    }

    /// Itself as a payload.
    fn payload(&self) -> Self::Payload<'_>;

    /// Its topic as it shall be, which an application makes that is told of the type:
    /// [`KafkaAppBuilder::topic`](crate::app::KafkaAppBuilder::topic). By the derive with what its
    /// attribute says of partitions, replicas and settings; otherwise there is none.
    #[must_use]
    fn declared_topic() -> Option<NewTopic>
    where
        Self: Sized,
    {
        None
    }
}

impl KafkaTemplate {
    /// Begins a send of a record to its own topic with its own key.
    pub fn publish<R: KafkaRecord>(&self, record: &R) -> SendBuilder {
        self.send(record.topic(), record.payload())
            .key_by(|buffer| record.write_key(buffer))
    }
}

impl Transaction {
    /// Begins a send of a record to its own topic with its own key.
    pub fn publish<R: KafkaRecord>(&self, record: &R) -> TransactionSend {
        self.send(record.topic(), record.payload())
            .map(|send| send.key_by(|buffer| record.write_key(buffer)))
    }
}
