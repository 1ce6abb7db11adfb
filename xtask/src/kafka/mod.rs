//! Apache Kafka (KRaft, one process) from its published jars.

mod certificates;
mod error;
pub(crate) mod jars;
mod probe;
mod secured;
mod server;

pub use error::KafkaError;
pub use jars::Jars;
pub use probe::answers;
pub use secured::secured;
pub use server::Kafka;
pub(crate) use server::can_listen;
