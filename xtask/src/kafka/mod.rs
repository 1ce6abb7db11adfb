//! Apache Kafka (KRaft, one process) from its published jars.

mod error;
pub(crate) mod jars;
mod probe;
mod server;

pub use error::KafkaError;
pub use jars::Jars;
pub use probe::answers;
pub use server::Kafka;
pub(crate) use server::can_listen;
