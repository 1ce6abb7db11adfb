//! Which broker a test runs on: an embedded one, of its own or shared, or the one that the
//! environment names.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use micro_kafka_broker::Broker;
use parking_lot::Mutex;

use crate::embedded::StartError;

/// Names another Kafka that all tests shall use: `MICRO_KAFKA_TEST=127.0.0.1:9092`.
pub const EXTERNAL: &str = "MICRO_KAFKA_TEST";

/// How many requests the journal keeps, to show what happened.
const JOURNAL: usize = 10_000;

/// The other Kafka, if the environment names one.
pub(crate) fn external() -> Option<String> {
    let bootstrap = std::env::var(EXTERNAL).ok();
    bootstrap.filter(|bootstrap| !bootstrap.is_empty())
}

/// What is asked of a test's broker.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) brokers: u32,
    pub(crate) topics: Vec<(String, u32)>,
    pub(crate) auto_create: bool,
    /// Kafka's names of broker properties, and their values.
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) shared: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            brokers: 1,
            topics: Vec::new(),
            auto_create: false,
            properties: Vec::new(),
            shared: false,
        }
    }
}

/// The broker of one test.
#[derive(Debug)]
pub(crate) enum Target {
    /// A broker of its own, which ends with it.
    Embedded(Broker),
    /// The embedded broker of the test binary; topics and groups of this test have a prefix.
    Shared {
        broker: Arc<Broker>,
        namespace: String,
    },
    /// A broker shared with others; topics and groups of this test have a prefix.
    External {
        bootstrap: String,
        namespace: String,
    },
}

impl Target {
    /// Starts a broker, or takes the one that there is; whether the topics exist already.
    pub(crate) fn start(wanted: &Wanted) -> Result<(Self, bool), StartError> {
        if let Some(bootstrap) = external() {
            if let Some((name, _)) = wanted.properties.first() {
                return Err(StartError::NeedsEmbedded {
                    what: format!("the broker's property `{name}`"),
                    bootstrap,
                });
            }
            if wanted.brokers != 1 {
                return Err(StartError::NeedsEmbedded {
                    what: format!("a number of brokers ({})", wanted.brokers),
                    bootstrap,
                });
            }
            let namespace = unique_namespace();
            let target = Self::External {
                bootstrap,
                namespace,
            };
            return Ok((target, false));
        }
        if wanted.shared {
            let broker = shared()?;
            let namespace = unique_namespace();
            return Ok((Self::Shared { broker, namespace }, false));
        }
        Ok((Self::Embedded(start(wanted)?), true))
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        match self {
            Self::Embedded(broker) => broker.bootstrap_servers(),
            Self::Shared { broker, .. } => broker.bootstrap_servers(),
            Self::External { bootstrap, .. } => bootstrap.clone(),
        }
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Embedded(_) => None,
            Self::Shared { namespace, .. } | Self::External { namespace, .. } => Some(namespace),
        }
    }

    /// Whether the broker is one of ours, which knows at once what it was asked to create.
    pub(crate) fn is_embedded(&self) -> bool {
        !matches!(self, Self::External { .. })
    }
}

fn start(wanted: &Wanted) -> Result<Broker, StartError> {
    let mut builder = Broker::builder()
        .listen("127.0.0.1:0")
        .brokers(wanted.brokers)
        .journal(JOURNAL)
        .auto_create(wanted.auto_create);
    for (name, value) in &wanted.properties {
        builder = builder.config(name, value);
    }
    for (name, partitions) in &wanted.topics {
        builder = builder.topic(name, i32::try_from(*partitions).unwrap_or(i32::MAX));
    }
    // Its own thread: a handler that blocks the test's runtime must not stop the broker.
    builder.start_on_threads(1).map_err(StartError::Broker)
}

/// The broker that tests of this binary share; it ends with the process.
fn shared() -> Result<Arc<Broker>, StartError> {
    static SHARED: Mutex<Option<Arc<Broker>>> = Mutex::new(None);
    let mut shared = SHARED.lock();
    if let Some(broker) = &*shared {
        return Ok(Arc::clone(broker));
    }
    let broker = Arc::new(start(&Wanted::default())?);
    *shared = Some(Arc::clone(&broker));
    Ok(broker)
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
