//! What librdkafka hands to the callback that gets tokens: `sasl.oauthbearer.config`, which no one
//! else may read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ClientCredentials;
use crate::config::Secret;

/// How long a token may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

const PROVIDER: &str = "micro-kafka:provider:";
const CREDENTIALS: &str = "micro-kafka:credentials:";

/// Where the tokens of a client come from.
#[derive(Debug)]
pub(super) enum Origin {
    /// A provider of the program.
    Provider(String),
    /// An authorisation server.
    Credentials(ClientCredentials),
}

#[derive(Serialize, Deserialize)]
struct Written {
    url: String,
    id: String,
    secret: String,
    scope: Option<String>,
    timeout_ms: u64,
}

pub(crate) fn of_provider(name: &str) -> String {
    format!("{PROVIDER}{name}")
}

pub(crate) fn of_credentials(credentials: &ClientCredentials) -> String {
    let written = Written {
        url: credentials.token_endpoint_url.clone(),
        id: credentials.client_id.clone(),
        secret: credentials.client_secret.expose().to_owned(),
        scope: credentials.scope.clone(),
        timeout_ms: u64::try_from(credentials.timeout.as_millis()).unwrap_or(u64::MAX),
    };
    let json = serde_json::to_string(&written).unwrap_or_default();
    format!("{CREDENTIALS}{json}")
}

/// Whether the framework gets the tokens of a client with this `sasl.oauthbearer.config`.
pub(crate) fn is_ours(config: &str) -> bool {
    config.starts_with(PROVIDER) || config.starts_with(CREDENTIALS)
}

pub(super) fn read(config: &str) -> Option<Origin> {
    if let Some(name) = config.strip_prefix(PROVIDER) {
        return Some(Origin::Provider(name.to_owned()));
    }
    let written: Written = serde_json::from_str(config.strip_prefix(CREDENTIALS)?).ok()?;
    Some(Origin::Credentials(ClientCredentials {
        token_endpoint_url: written.url,
        client_id: written.id,
        client_secret: Secret::new(written.secret),
        scope: written.scope,
        timeout: Duration::from_millis(written.timeout_ms),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let credentials = ClientCredentials {
            token_endpoint_url: "https://login/token".into(),
            client_id: "me".into(),
            client_secret: Secret::new("a\"b}"),
            scope: None,
            timeout: TIMEOUT,
        };
        let Some(Origin::Credentials(read_back)) = read(&of_credentials(&credentials)) else {
            panic!("no credentials");
        };
        assert_eq!(read_back, credentials);
        let named = read(&of_provider("vault"));
        assert!(matches!(named, Some(Origin::Provider(name)) if name == "vault"));
        assert!(read("principal=me").is_none());
    }
}
