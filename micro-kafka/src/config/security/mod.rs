//! `[kafka.security]`, `[kafka.ssl]` and `[kafka.sasl]`: how all clients prove who they are, and who
//! the brokers are.

mod certificate;
mod check;
mod oauthbearer;
mod pem;
mod sasl;
mod ssl;

pub(crate) use self::check::{credentials_in_the_clear, security_conflicts};
pub use self::oauthbearer::OauthBearerSettings;
pub use self::pem::Pem;
pub use self::sasl::{SaslMechanism, SaslSettings};
pub use self::ssl::SslSettings;

use super::section::Section;
use super::values::{boolean, choice};

/// The tables `[kafka.security]`, `[kafka.ssl]` and `[kafka.sasl]`; they count for every client:
/// consumers, producers, admins.
///
/// ```
/// use micro_kafka::config::{Config, SaslMechanism, SecurityProtocol};
///
/// let config = Config::builder()
///     .toml_str("application.toml", r#"
///         [kafka.security]
///         protocol = "sasl-plaintext"
///         allow-plaintext-credentials = true
///
///         [kafka.sasl]
///         mechanism = "PLAIN"
///         username = "billing"
///         password = "${KAFKA_PASSWORD}"
///     "#)
///     .env([("KAFKA_PASSWORD", "s3cret")])
///     .build()?;
/// let security = &config.kafka().security;
/// assert_eq!(security.protocol, Some(SecurityProtocol::SaslPlaintext));
/// assert_eq!(security.sasl.mechanism, Some(SaslMechanism::Plain));
/// assert!(!format!("{security:?}").contains("s3cret"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecuritySettings {
    /// `security.protocol`: whether connections are encrypted and whether clients log in; by default
    /// neither. Spring's `spring.kafka.security.protocol`.
    pub protocol: Option<SecurityProtocol>,
    /// `security.allow-plaintext-credentials`: whether a password or token may go over a connection
    /// that is not encrypted. Default `false`.
    pub allow_plaintext_credentials: bool,
    /// `[kafka.ssl]`.
    pub ssl: SslSettings,
    /// `[kafka.sasl]`.
    pub sasl: SaslSettings,
}

impl SecuritySettings {
    /// Reads the three tables, which lie beside one another.
    pub(crate) fn read(mut security: Section<'_>, ssl: Section<'_>, sasl: Section<'_>) -> Self {
        let settings = Self {
            protocol: security.read("protocol", choice(&SecurityProtocol::NAMES)),
            allow_plaintext_credentials: security
                .read("allow-plaintext-credentials", boolean)
                .unwrap_or_default(),
            ssl: SslSettings::read(ssl),
            sasl: SaslSettings::read(sasl),
        };
        security.refuse_unknown();
        settings
    }
}

/// Whether connections are encrypted, and whether clients log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecurityProtocol {
    /// `plaintext`: neither.
    Plaintext,
    /// `ssl`: encrypted; brokers may ask for the client's certificate.
    Ssl,
    /// `sasl-plaintext`: a login on an open connection.
    SaslPlaintext,
    /// `sasl-ssl`: a login on an encrypted connection.
    SaslSsl,
}

impl SecurityProtocol {
    pub(crate) const NAMES: [(&'static str, Self); 4] = [
        ("plaintext", Self::Plaintext),
        ("ssl", Self::Ssl),
        ("sasl-plaintext", Self::SaslPlaintext),
        ("sasl-ssl", Self::SaslSsl),
    ];

    /// Whether connections are encrypted.
    pub(crate) fn is_encrypted(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    /// As it is written in the settings.
    pub(crate) fn as_key(self) -> &'static str {
        let name = Self::NAMES.iter().find(|(_, one)| *one == self);
        name.map_or("", |(name, _)| name)
    }

    /// The value of librdkafka's `security.protocol`.
    #[must_use]
    pub fn as_property(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }
}
