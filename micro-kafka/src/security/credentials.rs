//! Tokens of an authorisation server for client credentials (OIDC, RFC 6749 §4.4).

use std::time::Duration;

use crate::config::Secret;

/// Asks a token endpoint: what `[kafka.sasl.oauthbearer]` with `token-endpoint-url` uses (KIP-768).
///
/// It is a [`TokenProvider`](super::TokenProvider) with the feature `tls` or `tls-system`, which
/// OAUTHBEARER needs anyhow; the server's certificate must be one that the system trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Where tokens are asked for.
    pub token_endpoint_url: String,
    /// Who asks.
    pub client_id: String,
    /// Its proof.
    pub client_secret: Secret,
    /// What the token is to be good for.
    pub scope: Option<String>,
    /// How long an answer may take.
    pub timeout: Duration,
}
