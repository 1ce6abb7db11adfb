//! Sending: the [`KafkaTemplate`] and everything that a send is made of.

mod buffer;
mod builder;
mod config;
mod error;
mod future;
mod kafka_template;
mod recorder;
mod topics;
mod transaction;

pub use builder::SendBuilder;
pub use config::{DEFAULT_PROPERTIES, ErrorHook, TemplateConfig};
pub use error::{KafkaError, SendError};
pub use future::{DeliveryFuture, QueueFuture, SendFuture, SendResult};
pub use kafka_template::KafkaTemplate;
pub use recorder::Recorder;
pub use transaction::{
    Transaction, TransactionConfig, TransactionError, TransactionSend, TransactionSendFuture,
};
