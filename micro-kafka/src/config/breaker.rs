//! `[kafka.listener.breaker]` and `[kafka.listeners.<id>.breaker]`.

use super::section::Section;
use super::values::{back_off, boolean, integer};
use crate::error::BackOff;
use crate::listener::BreakerSpec;

/// What more attempts would say is said by fewer.
const MAX_WINDOW: usize = 10_000;

/// When a listener stops for a while because too much fails, as it was written. Any key switches
/// the breaker on.
///
/// ```toml
/// [kafka.listeners.charge.breaker]
/// window = 20                # opens when more than half of so many attempts failed
/// wait = "5s..1m x2"         # until a record is tried again
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BreakerSettings {
    /// `enabled`: whether there is a breaker; default yes as soon as another key is set.
    pub enabled: Option<bool>,
    /// `window`: the attempts that are looked at; 2 to 10,000, default 20.
    pub window: Option<usize>,
    /// `wait`: how long nothing is begun until one record is tried; default `5s..1m x2`.
    pub wait: Option<BackOff>,
}

impl BreakerSettings {
    pub(super) fn or(self, fallback: Self) -> Self {
        Self {
            enabled: self.enabled.or(fallback.enabled),
            window: self.window.or(fallback.window),
            wait: self.wait.or(fallback.wait),
        }
    }

    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            enabled: section.read("enabled", boolean),
            window: section.read("window", integer(2..=MAX_WINDOW)),
            wait: section.read("wait", back_off),
        };
        section.refuse_unknown();
        settings
    }

    /// With the defaults.
    pub(super) fn resolved(self) -> Option<BreakerSpec> {
        let wanted = self.window.is_some() || self.wait.is_some();
        let default = BreakerSpec::default();
        self.enabled.unwrap_or(wanted).then_some(BreakerSpec {
            window: self.window.unwrap_or(default.window),
            wait: self.wait.unwrap_or(default.wait),
        })
    }
}
