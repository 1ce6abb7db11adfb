//! The Spring service, as it is talked to.

use std::time::Duration;

use micro_kafka::KafkaApp;
use micro_kafka::app::KafkaAppBuilder;
use micro_kafka::codec::Json;
use micro_kafka::config::{Config, ConfigErrors};
use micro_kafka::template::{KafkaTemplate, TemplateConfig};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::differs::Error;

/// How long anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A Spring service and the broker that it shares with us.
#[derive(Debug)]
pub(crate) struct Peer {
    config: Config,
    pub(crate) kafka: KafkaTemplate,
}

/// What is asked of the service.
#[derive(Serialize)]
struct Command<'a> {
    command: &'a str,
    argument: &'a str,
}

/// What it answers.
#[derive(Deserialize)]
struct Answer<T> {
    value: Option<T>,
    error: Option<String>,
}

/// The service could not do as it was told.
#[derive(Debug, thiserror::Error)]
#[error("the Spring service, asked for `{command}`, says: {error}")]
pub(crate) struct Disobeyed {
    command: String,
    pub(crate) error: String,
}

impl Peer {
    pub(crate) fn new(servers: &str, namespace: &str) -> Result<Self, Error> {
        let config = settings(servers, namespace)?;
        let kafka = KafkaTemplate::new(TemplateConfig::from(&config))?;
        Ok(Self { config, kafka })
    }

    /// An application on the same broker, in the same namespace.
    pub(crate) fn app(&self) -> KafkaAppBuilder {
        KafkaApp::builder().config(self.config.clone())
    }

    /// What a template of the same broker and namespace is made from.
    pub(crate) fn template_config(&self) -> TemplateConfig {
        TemplateConfig::from(&self.config)
    }

    /// Has the service do something.
    pub(crate) async fn command<T: DeserializeOwned + 'static>(
        &self,
        command: &str,
        argument: &str,
    ) -> Result<Option<T>, Error> {
        let asked = self
            .kafka
            .request("control", Json(Command { command, argument }));
        let Json(Answer { value, error }) = asked.timeout(PATIENCE).await?;
        match error {
            None => Ok(value),
            Some(error) => Err(Disobeyed {
                command: command.to_owned(),
                error,
            }
            .into()),
        }
    }
}

fn settings(servers: &str, namespace: &str) -> Result<Config, ConfigErrors> {
    Config::builder()
        .set("kafka.bootstrap-servers", servers)
        .set("kafka.namespace", namespace)
        .set("kafka.template.reply-topic", "rust-replies")
        .build()
}

/// What a listener hands over, one by one.
pub(crate) async fn next<T>(received: &mut mpsc::UnboundedReceiver<T>) -> Result<T, Error> {
    let next = tokio::time::timeout(PATIENCE, received.recv()).await;
    next.ok()
        .flatten()
        .ok_or_else(|| format!("nothing came within {PATIENCE:?}").into())
}
