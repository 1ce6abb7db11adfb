//! Which names hold secrets, and how their values are shown.

use std::fmt;

/// What is printed instead of a secret.
pub(crate) const MASK: &str = "***";

/// A text that is never shown: `Debug` and `Display` print `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Parts of names, without separators, whose values are never printed.
const SECRET_PARTS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "keypem",
    "keystorekey",
    "privatekey",
    "oauthbearerconfig",
    "jaas",
];

/// Whether the value under this key, property or environment variable may be a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    SECRET_PARTS.iter().any(|part| plain.contains(part))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn passwords_keys_and_tokens_are_secret_however_they_are_spelled() {
        for name in [
            "sasl.password",
            "ssl.key.password",
            "ssl.key.pem",
            "ssl_key_pem",
            "sasl.oauthbearer.config",
            "sasl.oauthbearer.client.secret",
            "sasl.jaas.config",
            "DB_PASSWORD",
            "apiToken",
            "flights.api-secret",
            "sasl.oauthbearer.assertion.private.key.file",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "sasl.username",
            "group-id",
            "session.timeout.ms",
            "ssl.key.location",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
