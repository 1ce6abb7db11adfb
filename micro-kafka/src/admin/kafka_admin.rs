//! The admin itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::AdminError;
use super::error::right_to;
use crate::client::{AnyClient, ConfigError, FailureHook, LazyProducer, Producer, Refusal};

/// How long a request may take unless something else is set.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Between a request that may succeed later and the next one.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// What a [`KafkaAdmin`] with connections of its own is made from.
#[derive(Clone)]
#[non_exhaustive]
pub struct AdminConfig {
    /// The brokers to ask first, as `host:port,host:port`.
    pub bootstrap_servers: String,
    /// librdkafka properties, in order.
    pub properties: Vec<(String, String)>,
    /// The prefix of every topic and group, dot included; empty (the default) for none.
    pub namespace: String,
}

impl AdminConfig {
    /// A configuration without further properties.
    #[must_use]
    pub fn new(bootstrap_servers: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            properties: Vec::new(),
            namespace: String::new(),
        }
    }
}

impl fmt::Debug for AdminConfig {
    /// Shows the names of the properties only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.properties.iter().map(|(key, _)| &**key).collect();
        f.debug_struct("AdminConfig")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("properties", &keys)
            .field("namespace", &self.namespace)
            .finish()
    }
}

/// Asks for and changes topics, offsets and groups; cheap to clone.
///
/// Names are those that the application uses: the namespace is put before them, and taken from
/// what is returned. Every request has a deadline (10 s, [`KafkaAdmin::timeout`]), and errors name
/// the topic or group as the broker knows it.
///
/// # Cancel safety
/// Dropping the future of a request stops waiting for the answer; the broker may fulfil the
/// request all the same.
#[derive(Clone)]
pub struct KafkaAdmin {
    client: AnyClient,
    namespace: Arc<str>,
    pub(super) timeout: Duration,
}

impl KafkaAdmin {
    /// Makes an admin with connections of its own; connects in the background. An application
    /// that has a template takes [`crate::template::KafkaTemplate::admin`].
    ///
    /// # Errors
    /// If librdkafka does not know or accept a property.
    pub fn new(config: &AdminConfig) -> Result<Self, ConfigError> {
        let servers = ("bootstrap.servers", config.bootstrap_servers.as_str());
        let own = config
            .properties
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let properties = [servers].into_iter().chain(own);
        // It never sends a record.
        let hook = FailureHook::new(drop);
        let producer = Producer::new(properties, 1, Duration::ZERO, hook)?;
        let client = AnyClient::Producer(Arc::new(LazyProducer::from(producer)));
        Ok(Self::on(client, &config.namespace))
    }

    /// An admin that makes its requests by a client that is there for something else.
    pub(crate) fn on(client: AnyClient, namespace: &str) -> Self {
        Self {
            client,
            namespace: namespace.into(),
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// The same admin with another deadline for each request.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same admin for names as the broker knows them, namespace included.
    #[must_use]
    pub fn with_wire_names(mut self) -> Self {
        self.namespace = "".into();
        self
    }

    /// The name of a topic or group as the broker knows it.
    #[must_use]
    pub fn wire_name(&self, name: &str) -> String {
        format!("{}{name}", self.namespace)
    }

    pub(super) fn wire_names<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
        names.into_iter().map(|name| self.wire_name(name)).collect()
    }

    /// The name that the application uses; of foreign topics the whole.
    pub(super) fn own_name<'w>(&self, wire: &'w str) -> &'w str {
        wire.strip_prefix(&*self.namespace).unwrap_or(wire)
    }

    pub(super) fn client(&self) -> &AnyClient {
        &self.client
    }

    /// Makes a request about that topic or group until it is answered for good or the deadline is
    /// over: right after a change, brokers may not agree yet.
    pub(super) async fn ask<T, F>(
        &self,
        operation: &'static str,
        resource: &str,
        request: impl Fn(Duration) -> F,
    ) -> Result<T, AdminError>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let deadline = tokio::time::Instant::now() + self.timeout;
        loop {
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            let refusal = match request(left).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            let over = tokio::time::Instant::now() + PAUSE >= deadline;
            if over || refusal.code.is_timeout() || !refusal.code.is_retriable() {
                return Err(self.error(operation, resource, refusal));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The error of a request about that topic or group.
    pub(super) fn error(
        &self,
        operation: &'static str,
        resource: impl Into<String>,
        refusal: Refusal,
    ) -> AdminError {
        let mut error = AdminError::new(operation, resource.into(), refusal, self.timeout);
        if let AdminError::Unauthorized {
            code,
            resource,
            missing,
            ..
        } = &mut error
        {
            let right = right_to(operation).filter(|_| code.is_missing_right());
            *missing = right.and_then(|right| self.client.missing_right(right, resource));
        }
        error
    }
}

impl fmt::Debug for KafkaAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaAdmin")
            .field("namespace", &self.namespace)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
