//! `[kafka.schema-registry]`: where schemas are kept.

use std::time::Duration;

use super::section::Section;
use super::values::{boolean, choice, integer, list, positive_duration, text};
use super::{ConfigError, Secret};
use crate::codec::SubjectStrategy;
use crate::http::Address;

/// The table `[kafka.schema-registry]`; without `url` there is no registry.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaRegistrySettings {
    /// `url`: `http://host:port` or `https://…`; several with commas between them.
    pub url: Option<String>,
    /// `username`: who asks, together with `password`.
    pub username: Option<String>,
    /// `password`.
    pub password: Option<Secret>,
    /// `bearer-token`: who asks, instead of a name and password.
    pub bearer_token: Option<Secret>,
    /// `ca-location`: the file of the certificates that sign the registry's; default the system's.
    pub ca_location: Option<String>,
    /// `auto-register`: whether schemas of what is sent are registered. Default `true`.
    pub auto_register: bool,
    /// `use-latest-version`: whether what is sent is written by the latest schema of its subject.
    /// Default `false`.
    pub use_latest_version: bool,
    /// `subject-strategy`: how subjects are named. Default `topic`.
    pub subject_strategy: SubjectStrategy,
    /// `timeout`: how long one request may take. Default 5 s.
    pub timeout: Duration,
    /// `retries`: how often a request without an answer is sent again before it fails. Default 3.
    pub retries: u32,
}

impl Default for SchemaRegistrySettings {
    fn default() -> Self {
        Self {
            url: None,
            username: None,
            password: None,
            bearer_token: None,
            ca_location: None,
            auto_register: true,
            use_latest_version: false,
            subject_strategy: SubjectStrategy::default(),
            timeout: Duration::from_secs(5),
            retries: 3,
        }
    }
}

impl SchemaRegistrySettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let is_url = |url: &str| Address::base(url).map(drop);
        let settings = Self {
            url: section.read("url", list(is_url)).map(|urls| urls.join(",")),
            username: section.read("username", text),
            password: section.read("password", text).map(Secret::new),
            bearer_token: section.read("bearer-token", text).map(Secret::new),
            ca_location: section.read("ca-location", text),
            auto_register: section
                .read("auto-register", boolean)
                .unwrap_or(default.auto_register),
            use_latest_version: section
                .read("use-latest-version", boolean)
                .unwrap_or(default.use_latest_version),
            subject_strategy: section
                .read("subject-strategy", choice(&SubjectStrategy::NAMES))
                .unwrap_or_default(),
            timeout: section
                .read("timeout", positive_duration)
                .unwrap_or(default.timeout),
            retries: section
                .read("retries", integer(0..=100))
                .unwrap_or(default.retries),
        };
        settings.check(&section);
        section.refuse_unknown();
        settings
    }

    fn check(&self, section: &Section<'_>) {
        let conflict = |key: &str, message: &str| {
            section.report_at(key, ConfigError::invalid(message));
        };
        if self.password.is_some() && self.username.is_none() {
            conflict("password", "needs a `username` beside it");
        }
        if self.bearer_token.is_some() && self.username.is_some() {
            conflict(
                "bearer-token",
                "says who asks, and so does `username`: leave one out",
            );
        }
    }
}
