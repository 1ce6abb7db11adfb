//! A client of librdkafka of whatever kind: any of them can make administrative requests.

use std::sync::Arc;

use rdkafka::bindings as rdsys;

use super::admin::Refusal;
use super::handle::ClientHandle;
use super::producer_lazy::LazyProducer;

/// A client that is kept as long as anything of it is in use.
#[derive(Debug, Clone)]
pub(crate) enum AnyClient {
    /// A producer, made now if it is not there yet.
    Producer(Arc<LazyProducer>),
    /// A consumer.
    Consumer(Arc<ClientHandle>),
}

impl AnyClient {
    /// # Errors
    /// If a producer can be made no more.
    pub(super) fn raw(&self) -> Result<*mut rdsys::rd_kafka_t, Refusal> {
        match self {
            Self::Producer(producer) => Ok(producer.get()?.core().client()),
            Self::Consumer(client) => Ok(client.raw()),
        }
    }
}
