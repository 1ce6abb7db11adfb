//! A payload of plain bytes, names of this run's own, and the broker to ask.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use micro_kafka::admin::{AdminConfig, KafkaAdmin};
use micro_kafka::codec::{EncodeError, ToPayload};
use micro_kafka::template::{KafkaTemplate, TemplateConfig};
use micro_kafka_broker::Broker;

/// A payload as it stands.
pub(crate) struct Raw(pub(crate) &'static str);

impl ToPayload for Raw {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(true)
    }
}

/// The broker that `MICRO_KAFKA_TEST=HOST:PORT` names, or an embedded one, which ends with this.
pub(crate) enum Kafka {
    Embedded(Broker),
    External(String),
}

impl Kafka {
    pub(crate) fn start() -> Self {
        match std::env::var("MICRO_KAFKA_TEST") {
            Ok(servers) => Self::External(servers),
            Err(_) => {
                let broker = Broker::builder().listen("127.0.0.1:0").start_on_threads(1);
                Self::Embedded(broker.unwrap())
            }
        }
    }

    pub(crate) fn servers(&self) -> String {
        match self {
            Self::Embedded(broker) => broker.bootstrap_servers(),
            Self::External(servers) => servers.clone(),
        }
    }
}

/// A prefix that no other test or run has.
pub(crate) fn namespace() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("t{}-{next}.", now.as_nanos())
}

pub(crate) fn template(servers: &str, namespace: &str) -> KafkaTemplate {
    let mut config = TemplateConfig::new(servers);
    config.namespace = namespace.into();
    KafkaTemplate::new(config).unwrap()
}

pub(crate) fn admin(servers: &str, namespace: &str) -> KafkaAdmin {
    let mut config = AdminConfig::new(servers);
    config.namespace = namespace.into();
    KafkaAdmin::new(&config).unwrap()
}
