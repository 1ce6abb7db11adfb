//! What a client of a registry is made from.

use std::fmt;
use std::time::Duration;

use super::SubjectStrategy;
use crate::config::{SchemaRegistrySettings, Secret};
use crate::http::{Address, basic_authorization};

/// Who a client says that it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A name and a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token.
    Bearer(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(***)",
            Self::Bearer(_) => "Bearer(***)",
        })
    }
}

impl Credentials {
    /// The value of the header `authorization`.
    pub(super) fn header(&self) -> String {
        match self {
            Self::Basic { user, password } => basic_authorization(user, password),
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }
}

/// What a [`SchemaRegistry`](super::SchemaRegistry) is made from: `[kafka.schema-registry]`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RegistryConfig {
    /// Where it is; of several addresses the next is asked where one does not answer.
    pub(super) urls: Vec<Address>,
    /// Who asks.
    pub credentials: Option<Credentials>,
    /// Whether schemas of what is sent are registered; otherwise they have to be there. Default
    /// `true`.
    pub auto_register: bool,
    /// Whether what is sent is written by the latest schema of its subject. Default `false`.
    pub use_latest_version: bool,
    /// How subjects are named.
    pub subject_strategy: SubjectStrategy,
    /// The file of the certificates in PEM that sign the registry's; those of the system by
    /// default.
    pub ca_location: Option<String>,
    /// How long one request may take. Default 5 s.
    pub timeout: Duration,
    /// How often a request that finds no answer is sent again before it fails. Default 3.
    pub retries: u32,
}

impl RegistryConfig {
    /// Of a registry at that address: `http://host:port`, several with commas between them.
    ///
    /// # Errors
    /// If it is no address.
    pub fn new(urls: &str) -> Result<Self, InvalidUrl> {
        let parsed = urls.split(',').map(|url| Address::base(url.trim()));
        let urls = parsed.collect::<Result<Vec<_>, _>>().map_err(InvalidUrl)?;
        Ok(Self {
            urls,
            credentials: None,
            auto_register: true,
            use_latest_version: false,
            subject_strategy: SubjectStrategy::default(),
            ca_location: None,
            timeout: Duration::from_secs(5),
            retries: 3,
        })
    }

    /// Sets who asks.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sets whether schemas of what is sent are registered.
    #[must_use]
    pub fn auto_register(mut self, auto_register: bool) -> Self {
        self.auto_register = auto_register;
        self
    }

    /// Sets whether what is sent is written by the latest schema of its subject.
    #[must_use]
    pub fn use_latest_version(mut self, use_latest_version: bool) -> Self {
        self.use_latest_version = use_latest_version;
        self
    }

    /// Sets how subjects are named.
    #[must_use]
    pub fn subject_strategy(mut self, strategy: SubjectStrategy) -> Self {
        self.subject_strategy = strategy;
        self
    }

    /// Sets how long one request may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how often a request that finds no answer is sent again.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }
}

impl RegistryConfig {
    /// What `[kafka.schema-registry]` says; `None` without a `url`.
    ///
    /// # Errors
    /// If the `url` is no address.
    pub fn from_settings(settings: &SchemaRegistrySettings) -> Result<Option<Self>, InvalidUrl> {
        let Some(url) = &settings.url else {
            return Ok(None);
        };
        let basic = settings.username.as_ref().map(|user| Credentials::Basic {
            user: user.clone(),
            password: settings
                .password
                .as_ref()
                .map_or("", Secret::expose)
                .to_owned(),
        });
        let bearer = settings.bearer_token.as_ref();
        let bearer = bearer.map(|token| Credentials::Bearer(token.expose().to_owned()));
        Ok(Some(Self {
            credentials: basic.or(bearer),
            auto_register: settings.auto_register,
            use_latest_version: settings.use_latest_version,
            subject_strategy: settings.subject_strategy,
            ca_location: settings.ca_location.clone(),
            timeout: settings.timeout,
            retries: settings.retries,
            ..Self::new(url)?
        }))
    }
}

/// No address of a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidUrl(pub(super) String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let basic = Credentials::Basic {
            user: "Aladdin".into(),
            password: "open sesame".into(),
        };
        assert_eq!(basic.header(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let config = RegistryConfig::new("http://a").unwrap().credentials(basic);
        let shown = format!("{config:?}");
        assert!(
            !shown.contains("sesame") && !shown.contains("Aladdin"),
            "{shown}"
        );
    }
}
