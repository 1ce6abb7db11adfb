//! `[kafka.sasl]`: how clients log in.

use super::oauthbearer::OauthBearerSettings;
use crate::config::Secret;
use crate::config::section::Section;
use crate::config::values::{choice, text};

/// The table `[kafka.sasl]`: what Spring says in `spring.kafka.jaas`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaslSettings {
    /// `mechanism`: how a client proves who it is.
    pub mechanism: Option<SaslMechanism>,
    /// `username`: who it is, for PLAIN and SCRAM.
    pub username: Option<String>,
    /// `password`: the proof, for PLAIN and SCRAM.
    pub password: Option<Secret>,
    /// `[kafka.sasl.oauthbearer]`: where tokens come from.
    pub oauthbearer: OauthBearerSettings,
}

impl SaslSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            mechanism: section.read("mechanism", choice(&SaslMechanism::NAMES)),
            username: section.read("username", text),
            password: section.read("password", text).map(Secret::new),
            oauthbearer: OauthBearerSettings::read(section.inner("oauthbearer")),
        };
        section.refuse_unknown();
        settings
    }

    /// Whether anything is set.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a client proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SaslMechanism {
    /// `PLAIN`: by its password, which is sent; over TLS only, unless allowed otherwise.
    Plain,
    /// `SCRAM-SHA-256`: by knowing the password, which is not sent.
    ScramSha256,
    /// `SCRAM-SHA-512`: the same with a longer hash.
    ScramSha512,
    /// `OAUTHBEARER`: by a token of an authorisation server.
    OauthBearer,
    /// `GSSAPI`: Kerberos; needs the feature `gssapi`.
    Gssapi,
}

impl SaslMechanism {
    pub(crate) const NAMES: [(&'static str, Self); 5] = [
        ("PLAIN", Self::Plain),
        ("SCRAM-SHA-256", Self::ScramSha256),
        ("SCRAM-SHA-512", Self::ScramSha512),
        ("OAUTHBEARER", Self::OauthBearer),
        ("GSSAPI", Self::Gssapi),
    ];

    /// The value of librdkafka's `sasl.mechanism`.
    #[must_use]
    pub fn as_property(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
            Self::Gssapi => "GSSAPI",
        }
    }
}
