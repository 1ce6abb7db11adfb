//! Sending: the [`KafkaTemplate`] and everything that a send is made of.

mod asking;
mod blocking;
mod buffer;
mod builder;
mod claiming;
mod config;
mod delayed;
mod encoded;
mod ending;
mod error;
mod family;
mod future;
mod hooks;
mod interceptor;
mod kafka_record;
mod kafka_template;
mod metrics;
mod prompt;
mod reading;
mod recorder;
mod request;
mod to_bytes;
mod topics;
mod transaction;

pub use crate::client::{KeyHash, Partitioner, SizeLimit};
pub use builder::SendBuilder;
pub use config::{DEFAULT_PROPERTIES, ErrorHook, TemplateConfig};
pub use delayed::{
    CancelDelayed, DelayedFuture, DelayedSend, TransactionDelayedFuture, TransactionDelayedSend,
};
pub use error::{KafkaError, SendError};
pub use future::{DeliveryFuture, QueueFuture, SendFuture, SendResult};
pub use interceptor::{OutboundRecord, ProducerInterceptor, ProducerListener};
pub use kafka_record::KafkaRecord;
pub use kafka_template::KafkaTemplate;
pub use metrics::TemplateMetrics;
pub use recorder::Recorder;
pub use request::{
    CORRELATION_ID, GatherRequest, Gathered, REPLY_ERROR, REPLY_ERROR_MESSAGE, REPLY_PARTITION,
    REPLY_TOPIC, ReplyCheck, ReplyConfig, ReplyCounts, ReplyTo, ReplyToRejection, Request,
    RequestError,
};
pub use to_bytes::ToBytes;
pub(crate) use transaction::{
    Outbox, Postage, Staged, StagedCommitter, StagedTransaction, random_prefix,
};
pub use transaction::{
    Transaction, TransactionConfig, TransactionError, TransactionSend, TransactionSendFuture,
};
