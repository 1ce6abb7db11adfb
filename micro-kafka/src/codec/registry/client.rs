//! The client of a schema registry.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::api::{Request, ToldCompatibility, ToldId, ToldSchema};
use super::cache::Lookups;
use super::config::RegistryConfig;
use super::{RegisteredSchema, RegistryError};
use crate::codec::{SchemaDefinition, SchemaKind};
use crate::error::BackOff;

/// The waits before a request is sent again.
const BACK_OFF: BackOff = BackOff::Exponential {
    initial: Duration::from_millis(100),
    max: Duration::from_secs(2),
    multiplier: 3.0,
};
/// Schemas refer to no more others than that, directly or not.
const MOST_REFERENCES: usize = 100;

/// A client of a schema registry; cheap to clone, its clones share what was looked up.
///
/// ```no_run
/// use micro_kafka::codec::registry::{RegistryConfig, RegistryError, SchemaRegistry};
/// use micro_kafka::codec::SchemaKind;
///
/// # async fn show() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = SchemaRegistry::new(RegistryConfig::new("http://localhost:8081")?);
/// let latest = registry.latest("orders-value").await?;
/// println!("version {:?}, id {}: {}", latest.version(), latest.id(), latest.text());
/// let next = include_str!("client.rs");
/// let fits = registry.is_compatible("orders-value", SchemaKind::Avro, next).await?;
/// # let _ = fits;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SchemaRegistry(Arc<Inner>);

struct Inner {
    config: RegistryConfig,
    schemas: Lookups<i32, Arc<RegisteredSchema>>,
    /// By the address of a definition and the subject.
    ids: Lookups<(usize, String), Arc<RegisteredSchema>>,
}

impl SchemaRegistry {
    /// A client; it connects when something is asked.
    #[must_use]
    pub fn new(config: RegistryConfig) -> Self {
        Self(Arc::new(Inner {
            config,
            schemas: Lookups::default(),
            ids: Lookups::default(),
        }))
    }

    /// What it was made from.
    #[must_use]
    pub fn config(&self) -> &RegistryConfig {
        &self.0.config
    }

    /// The schema of that id.
    ///
    /// # Errors
    /// If there is none, or the registry does not tell it.
    pub async fn schema(&self, id: i32) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let this = self.clone();
        let ask = || async move {
            let told: ToldSchema = this.ask(&Request::schema(id)).await?;
            this.registered(told, id).await
        };
        self.0.schemas.get(id, ask).await
    }

    /// The latest schema of a subject; asked for anew each time.
    ///
    /// # Errors
    /// If there is none, or the registry does not tell it.
    pub async fn latest(&self, subject: &str) -> Result<Arc<RegisteredSchema>, RegistryError> {
        self.of_subject(subject, None).await
    }

    /// The schema of a version of a subject, from 1.
    ///
    /// # Errors
    /// If there is none, or the registry does not tell it.
    pub async fn version(
        &self,
        subject: &str,
        version: i32,
    ) -> Result<Arc<RegisteredSchema>, RegistryError> {
        self.of_subject(subject, Some(version)).await
    }

    async fn of_subject(
        &self,
        subject: &str,
        version: Option<i32>,
    ) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let request = Request::version(subject, version);
        let told: ToldSchema = self.ask(&request).await?;
        let Some(id) = told.id else {
            return Err(self.senseless(&request));
        };
        self.registered(told, id).await
    }

    /// Registers a schema under a subject and gives its id; one that is there already keeps its own.
    ///
    /// # Errors
    /// If the registry refuses it: it may not be compatible with the earlier ones.
    pub async fn register(
        &self,
        subject: &str,
        kind: SchemaKind,
        text: &str,
    ) -> Result<i32, RegistryError> {
        let told: ToldId = self.ask(&Request::register(subject, kind, text)).await?;
        Ok(told.id)
    }

    /// The id of a schema under a subject.
    ///
    /// # Errors
    /// If the subject does not have it.
    pub async fn look_up(
        &self,
        subject: &str,
        kind: SchemaKind,
        text: &str,
    ) -> Result<i32, RegistryError> {
        let told: ToldId = self.ask(&Request::look_up(subject, kind, text)).await?;
        Ok(told.id)
    }

    /// Whether a schema may follow the latest one of a subject.
    ///
    /// # Errors
    /// If the subject has none, or the registry does not tell it.
    pub async fn is_compatible(
        &self,
        subject: &str,
        kind: SchemaKind,
        text: &str,
    ) -> Result<bool, RegistryError> {
        let request = Request::compatibility(subject, kind, text);
        let told: ToldCompatibility = self.ask(&request).await?;
        Ok(told.is_compatible)
    }

    /// All subjects.
    ///
    /// # Errors
    /// If the registry does not tell them.
    pub async fn subjects(&self) -> Result<Vec<String>, RegistryError> {
        self.ask(&Request::subjects()).await
    }

    /// What is known of that id without asking.
    pub(super) fn known_schema(
        &self,
        id: i32,
    ) -> Option<Result<Arc<RegisteredSchema>, RegistryError>> {
        self.0.schemas.known(&id)
    }

    /// The subject of a definition's payloads on a topic.
    pub(super) fn subject(&self, topic: &str, definition: &SchemaDefinition) -> String {
        let strategy = self.0.config.subject_strategy;
        strategy.subject(topic, &definition.record_name())
    }

    /// What is known of the schema by which payloads of a definition are written.
    pub(super) fn known_writer(
        &self,
        subject: &str,
        definition: &'static SchemaDefinition,
    ) -> Option<Result<Arc<RegisteredSchema>, RegistryError>> {
        self.0.ids.known(&key(subject, definition))
    }

    /// The schema by which payloads of a definition are written: registered, looked up or the latest
    /// one, as the configuration says.
    pub(super) async fn writer(
        &self,
        subject: &str,
        definition: &'static SchemaDefinition,
    ) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let (this, name) = (self.clone(), subject.to_owned());
        let ask = || async move {
            let (kind, text) = (definition.kind(), definition.text());
            let config = &this.0.config;
            let id = match (config.use_latest_version, config.auto_register) {
                (true, _) => return this.latest(&name).await,
                (false, true) => this.register(&name, kind, text).await?,
                (false, false) => this.look_up(&name, kind, text).await?,
            };
            let told = ToldSchema::own(kind, text);
            told.registered(id, Vec::new()).map(Arc::new)
        };
        self.0.ids.get(key(subject, definition), ask).await
    }

    /// A schema with all that it refers to.
    async fn registered(
        &self,
        told: ToldSchema,
        id: i32,
    ) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let mut texts = Vec::new();
        let mut seen = Vec::new();
        let mut open: Vec<_> = told.references.iter().rev().cloned().collect();
        while let Some(reference) = open.pop() {
            if seen.contains(&reference) {
                continue;
            }
            if seen.len() >= MOST_REFERENCES {
                let reason = format!("it refers to more than {MOST_REFERENCES} others");
                return Err(RegistryError::Unusable { id, reason });
            }
            let request = Request::version(&reference.subject, Some(reference.version));
            let other: ToldSchema = self.ask(&request).await?;
            texts.push(other.schema);
            open.extend(other.references);
            seen.push(reference);
        }
        // What is referred to comes first.
        texts.reverse();
        told.registered(id, texts).map(Arc::new)
    }

    /// Asks each address in turn, and all of them again while none answers.
    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        request: &Request,
    ) -> Result<T, RegistryError> {
        let config = &self.0.config;
        let mut attempt = 0;
        loop {
            let mut last = self.senseless(request);
            for url in &config.urls {
                let answer = request.ask(url, config).await;
                let read = match answer {
                    Ok(answer) => request.read(&answer, &url.to_string()),
                    Err(error) => Err(RegistryError::Unavailable {
                        what: request.what.clone(),
                        url: url.to_string(),
                        reason: error.to_string().into(),
                    }),
                };
                match read {
                    Err(error @ RegistryError::Unavailable { .. }) => last = error,
                    read => return read,
                }
            }
            attempt += 1;
            if attempt > config.retries {
                tracing::warn!(error = %last, attempt, "the schema registry is not available");
                return Err(last);
            }
            tokio::time::sleep(BACK_OFF.delay(attempt)).await;
        }
    }

    fn senseless(&self, request: &Request) -> RegistryError {
        let url = self.0.config.urls.first().map(ToString::to_string);
        RegistryError::Unavailable {
            what: request.what.clone(),
            url: url.unwrap_or_default(),
            reason: "its answer is not that of a schema registry".into(),
        }
    }
}

fn key(subject: &str, definition: &'static SchemaDefinition) -> (usize, String) {
    (std::ptr::from_ref(definition).addr(), subject.to_owned())
}

impl fmt::Debug for SchemaRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SchemaRegistry")
            .field(&self.0.config)
            .finish()
    }
}
