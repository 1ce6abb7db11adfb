//! A client of librdkafka of whatever kind: any of them can make administrative requests.

use std::sync::Arc;

use rdkafka::bindings as rdsys;

use super::admin::Refusal;
use super::handle::ClientHandle;
use super::producer_lazy::LazyProducer;
use super::{Core, MissingRight};

/// A client that requests can be made by.
#[derive(Debug, Clone)]
pub(crate) enum AnyClient {
    /// A producer, made now if it is not there yet.
    Producer(Arc<LazyProducer>),
    /// A producer that is there.
    Made(Arc<Core>),
    /// A consumer.
    Consumer(Arc<ClientHandle>),
}

impl AnyClient {
    /// The right on a topic that a refused request needs, in words.
    pub(crate) fn missing_right(&self, operation: &'static str, topic: &str) -> Option<String> {
        let client = self.hold().ok()?;
        // SAFETY: the client is held.
        let missing = unsafe { MissingRight::on_topic(client.raw(), operation, topic) };
        Some(missing.to_string())
    }

    /// The client itself, kept as long as anything of it is in use.
    ///
    /// # Errors
    /// If a producer can be made no more.
    pub(super) fn hold(&self) -> Result<HeldClient, Refusal> {
        Ok(match self {
            Self::Producer(producer) => HeldClient::Producer(Arc::clone(producer.get()?.core())),
            Self::Made(core) => HeldClient::Producer(Arc::clone(core)),
            Self::Consumer(client) => HeldClient::Consumer(Arc::clone(client)),
        })
    }
}

/// A client that is there.
#[derive(Debug, Clone)]
pub(super) enum HeldClient {
    Producer(Arc<Core>),
    Consumer(Arc<ClientHandle>),
}

impl HeldClient {
    pub(super) fn raw(&self) -> *mut rdsys::rd_kafka_t {
        match self {
            Self::Producer(core) => core.client(),
            Self::Consumer(client) => client.raw(),
        }
    }
}
