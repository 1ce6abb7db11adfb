//! `[kafka.sasl.oauthbearer]`: where the tokens of OAUTHBEARER come from.

use std::time::Duration;

use crate::config::section::Section;
use crate::config::tree::Node;
use crate::config::values::{boolean, checked, positive_duration, text};
use crate::config::{ConfigError, Secret};
use crate::security::{ClientCredentials, token_config};

/// The table `[kafka.sasl.oauthbearer]`: a provider of the program's own, or an authorisation server
/// that gives tokens for client credentials (OIDC). The names are those of Kafka's properties
/// `sasl.oauthbearer.…` (KIP-768, KIP-1139).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OauthBearerSettings {
    /// `token-provider`: the name under which the program registered its provider:
    /// [`register_token_provider`](crate::security::register_token_provider).
    pub token_provider: Option<String>,
    /// `token-endpoint-url`: where tokens are asked for, `https://…/token`.
    pub token_endpoint_url: Option<String>,
    /// `client-id`: who asks.
    pub client_id: Option<String>,
    /// `client-secret`: its proof.
    pub client_secret: Option<Secret>,
    /// `scope`: what the token is to be good for.
    pub scope: Option<String>,
    /// `timeout`: how long a token may take; default 10 s.
    pub timeout: Option<Duration>,
    /// `allow-http`: whether the secret may go to an `http://` address. Default `false`.
    pub allow_http: bool,
}

impl OauthBearerSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            token_provider: section
                .read("token-provider", checked(crate::config::names::check_name)),
            token_endpoint_url: section.read("token-endpoint-url", url),
            client_id: section.read("client-id", text),
            client_secret: section.read("client-secret", text).map(Secret::new),
            scope: section.read("scope", text),
            timeout: section.read("timeout", positive_duration),
            allow_http: section.read("allow-http", boolean).unwrap_or_default(),
        };
        section.refuse_unknown();
        settings.check(&section);
        settings
    }

    fn check(&self, section: &Section<'_>) {
        let endpoint = self.token_endpoint_url.as_deref();
        if self.token_provider.is_some() && endpoint.is_some() {
            let reason = "token-provider and token-endpoint-url exclude each other";
            let error = ConfigError::conflict(reason).hint("leave one of them out");
            section.report_at("token-provider", error);
        }
        if endpoint.is_some_and(|url| url.starts_with("http://")) && !self.allow_http {
            let error = ConfigError::invalid("the client secret would be sent without encryption");
            let hint = "write https://, or set allow-http = true for a server that only tests use";
            section.report_at("token-endpoint-url", error.hint(hint));
        }
        for (key, missing) in [
            ("client-id", self.client_id.is_none()),
            ("client-secret", self.client_secret.is_none()),
        ] {
            if endpoint.is_some() && missing {
                let error =
                    ConfigError::conflict(format!("token-endpoint-url needs {key} as well"));
                section.report_at("token-endpoint-url", error);
            }
        }
    }

    /// Whether anything says where tokens come from.
    pub(super) fn is_empty(&self) -> bool {
        self.token_provider.is_none() && self.token_endpoint_url.is_none()
    }

    /// The value of librdkafka's `sasl.oauthbearer.config`, which it hands to our callback.
    pub(crate) fn as_property(&self) -> Option<String> {
        if let Some(name) = &self.token_provider {
            return Some(token_config::of_provider(name));
        }
        Some(token_config::of_credentials(&ClientCredentials {
            token_endpoint_url: self.token_endpoint_url.clone()?,
            client_id: self.client_id.clone()?,
            client_secret: self.client_secret.clone()?,
            scope: self.scope.clone(),
            timeout: self.timeout.unwrap_or(token_config::TIMEOUT),
        }))
    }
}

fn url(node: &Node) -> Result<String, ConfigError> {
    let url = text(node)?;
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    match rest {
        Some(rest) if rest.contains('@') => Err(ConfigError::invalid(
            "an address without user or password (not shown)",
        )),
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') => Ok(url),
        _ => Err(ConfigError::invalid(
            "not an address such as \"https://login.example/token\"",
        )),
    }
}
