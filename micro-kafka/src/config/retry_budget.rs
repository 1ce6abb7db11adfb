//! `[kafka.listener.retry-budget]` and `[kafka.listeners.<id>.retry-budget]`.

use super::section::Section;
use super::values::{boolean, integer};
use crate::listener::RetryBudgetSpec;

/// Of a minute.
const MOST: u32 = 1_000_000;

/// How many records may go to retry topics and dead letters in a minute, as it was written. Any key
/// switches the budget on.
///
/// ```toml
/// [kafka.listeners.charge.retry-budget]
/// percent = 20               # of the records of a minute
/// at-least = 10              # whatever their share is
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetryBudgetSettings {
    /// `enabled`: whether there is a budget; default yes as soon as another key is set.
    pub enabled: Option<bool>,
    /// `percent`: the share of a minute's records; 1 to 100, default 20.
    pub percent: Option<u32>,
    /// `at-least`: so many of a minute may go whatever their share is; 0 to 1,000,000, default 10.
    pub at_least: Option<u32>,
}

impl RetryBudgetSettings {
    pub(super) fn or(self, fallback: Self) -> Self {
        Self {
            enabled: self.enabled.or(fallback.enabled),
            percent: self.percent.or(fallback.percent),
            at_least: self.at_least.or(fallback.at_least),
        }
    }

    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            enabled: section.read("enabled", boolean),
            percent: section.read("percent", integer(1..=100)),
            at_least: section.read("at-least", integer(0..=MOST)),
        };
        section.refuse_unknown();
        settings
    }

    /// With the defaults.
    pub(super) fn resolved(self) -> Option<RetryBudgetSpec> {
        let wanted = self.percent.is_some() || self.at_least.is_some();
        let default = RetryBudgetSpec::default();
        self.enabled.unwrap_or(wanted).then_some(RetryBudgetSpec {
            percent: self.percent.unwrap_or(default.percent),
            at_least: self.at_least.unwrap_or(default.at_least),
        })
    }
}
