//! `[kafka.ssl]`: certificates and keys, in PEM.

use super::pem::{Pem, pem, pem_file};
use crate::config::section::Section;
use crate::config::tree::Node;
use crate::config::values::{boolean, text};
use crate::config::{ConfigError, Secret};

/// The table `[kafka.ssl]`; the names are Spring's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SslSettings {
    /// `trust-store-certificates`, or the file `trust-store-location`: the authorities whose
    /// certificates brokers may show. By default those of the system.
    pub trust_store: Option<Pem>,
    /// `key-store-certificate-chain`, or in the file `key-store-location`: the client's certificate
    /// and those up to its authority, for mutual TLS.
    pub certificate_chain: Option<Pem>,
    /// `key-store-key`, or in the file `key-store-location`: the private key of that certificate.
    pub key: Option<Pem>,
    /// `key-password`: what opens an encrypted private key.
    pub key_password: Option<Secret>,
    /// `verify-hostname`: whether a broker's certificate must be for the host that is connected to;
    /// Kafka's `ssl.endpoint.identification.algorithm`. Default `true`.
    pub verify_hostname: Option<bool>,
}

impl SslSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        for key in ["trust-store-type", "key-store-type"] {
            section.read(key, only_pem);
        }
        let trust_store = section.read("trust-store-certificates", pem);
        let trust_file = section.read("trust-store-location", pem_file);
        let chain = section.read("key-store-certificate-chain", pem);
        let key = section.read("key-store-key", pem);
        let both = section.read("key-store-location", pem_file);
        let settings = Self {
            key_password: section.read("key-password", text).map(Secret::new),
            verify_hostname: section.read("verify-hostname", boolean),
            trust_store: once(&section, "trust-store", trust_store, &trust_file),
            certificate_chain: once(&section, "key-store", chain, &both),
            key: once(&section, "key-store", key, &both),
        };
        section.refuse_unknown();
        settings
    }

    /// Whether anything is set.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One of two keys for the same thing.
fn once(section: &Section<'_>, what: &str, one: Option<Pem>, file: &Option<Pem>) -> Option<Pem> {
    if one.is_some() && file.is_some() {
        let location = format!("{what}-location");
        let reason = format!("{location} and another {what} key say the same thing");
        let error = ConfigError::conflict(reason).hint("leave one of them out");
        section.report_at(&location, error);
    }
    one.or_else(|| file.clone())
}

fn only_pem(node: &Node) -> Result<(), ConfigError> {
    match text(node)?.to_ascii_uppercase().as_str() {
        "PEM" => Ok(()),
        other => {
            let other: String = other
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(8)
                .collect();
            let error = ConfigError::invalid(format!("{other} stores cannot be read: PEM only"));
            Err(error.hint(
                "`keytool -importkeystore` to PKCS12, then `openssl pkcs12 -nodes` writes PEM",
            ))
        }
    }
}
