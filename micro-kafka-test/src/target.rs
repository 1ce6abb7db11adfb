//! Which broker a test runs on: an embedded one of its own, or the one that the environment names.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use micro_kafka_broker::Broker;

use crate::embedded::StartError;

/// Names another Kafka that all tests shall use: `MICRO_KAFKA_TEST=127.0.0.1:9092`.
pub const EXTERNAL: &str = "MICRO_KAFKA_TEST";

/// The broker of one test.
#[derive(Debug)]
pub(crate) enum Target {
    /// A broker of its own, which ends with it.
    Embedded(Broker),
    /// A broker shared with others; topics and groups of this test have a prefix.
    External {
        bootstrap: String,
        namespace: String,
    },
}

impl Target {
    /// Starts a broker with these topics, or takes the one that the environment names; whether the
    /// topics exist already.
    pub(crate) fn start(
        topics: &[(String, u32)],
        auto_create: bool,
    ) -> Result<(Self, bool), StartError> {
        if let Some(bootstrap) = std::env::var(EXTERNAL)
            .ok()
            .filter(|bootstrap| !bootstrap.is_empty())
        {
            return Ok((
                Self::External {
                    bootstrap,
                    namespace: unique_namespace(),
                },
                false,
            ));
        }
        let mut builder = Broker::builder()
            .listen("127.0.0.1:0")
            .auto_create(auto_create);
        for (name, partitions) in topics {
            builder = builder.topic(name, i32::try_from(*partitions).unwrap_or(i32::MAX));
        }
        // Its own thread: a handler that blocks the test's runtime must not stop the broker.
        let broker = builder.start_on_threads(1).map_err(StartError::Broker)?;
        Ok((Self::Embedded(broker), true))
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        match self {
            Self::Embedded(broker) => broker.bootstrap_servers(),
            Self::External { bootstrap, .. } => bootstrap.clone(),
        }
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Embedded(_) => None,
            Self::External { namespace, .. } => Some(namespace),
        }
    }
}

fn unique_namespace() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let started = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    format!(
        "t{started:x}-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}
