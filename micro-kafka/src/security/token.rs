//! A token and why there is none.

use std::time::{Duration, SystemTime};

use crate::config::Secret;

/// A token for the mechanism OAUTHBEARER (RFC 7628); `Debug` hides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    value: Secret,
    got: SystemTime,
    lifetime: Duration,
    principal: String,
    extensions: Vec<(String, String)>,
}

impl Token {
    /// A token that is good for so long from now on; a new one is asked for after four fifths of that.
    #[must_use]
    pub fn new(value: impl Into<String>, lifetime: Duration) -> Self {
        Self {
            value: Secret::new(value),
            got: SystemTime::now(),
            lifetime,
            principal: "micro-kafka".into(),
            extensions: Vec::new(),
        }
    }

    /// Whose token it is, as the client's log says; brokers read that from the token itself.
    #[must_use]
    pub fn principal(mut self, name: impl Into<String>) -> Self {
        self.principal = name.into();
        self
    }

    /// Adds a SASL extension (KIP-342), as in `logicalCluster`.
    #[must_use]
    pub fn extension(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.extensions.push((key.into(), value.into()));
        self
    }

    /// The token itself.
    #[must_use]
    pub fn value(&self) -> &Secret {
        &self.value
    }

    /// How long it is good for from the moment it was made.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// When it ends.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.got + self.lifetime
    }

    /// Whether it is young enough to be given to another client.
    pub(super) fn is_fresh(&self) -> bool {
        // The client asks for the next one after 80 % of what is left: then there has to be one.
        let age = self.got.elapsed().unwrap_or_default();
        age < self.lifetime.mul_f64(0.7)
    }

    pub(crate) fn parts(&self) -> (&str, &[(String, String)]) {
        (&self.principal, &self.extensions)
    }
}

/// Why there is no token; holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No provider has this name.
    #[error(
        "no token provider is registered as {name:?}: call micro_kafka::security::register_token_provider before the application starts"
    )]
    NoProvider {
        /// The name, from `[kafka.sasl.oauthbearer] token-provider`.
        name: String,
    },
    /// The server could not be asked.
    #[error("{endpoint} cannot be asked for a token: {reason}")]
    Unreachable {
        /// Its address.
        endpoint: String,
        /// Why not.
        reason: String,
    },
    /// The server answered, but not with a token.
    #[error("{endpoint} gives no token: {reason}")]
    Refused {
        /// Its address.
        endpoint: String,
        /// What it says.
        reason: String,
    },
    /// Nothing came in time.
    #[error("no token within {timeout:?}")]
    TimedOut {
        /// How long was waited.
        timeout: Duration,
    },
    /// The program's own reason.
    #[error("{0}")]
    Provider(String),
}

impl TokenError {
    /// A reason of the program's own; it is logged, so it must hold no secret.
    #[must_use]
    pub fn new(reason: impl std::fmt::Display) -> Self {
        Self::Provider(reason.to_string())
    }
}
