//! `[kafka.listener.quarantine]` and `[kafka.listeners.<id>.quarantine]`.

use super::section::Section;
use super::values::{boolean, integer};
use crate::listener::QuarantineSpec;

/// More deaths would find nothing else.
const MOST_DEATHS: u32 = 100;

/// When a record is held to be what kills its processes, as it was written. Any key switches the
/// quarantine on.
///
/// ```toml
/// [kafka.listeners.charge.quarantine]
/// after = 2                  # deaths at one place until records run one at a time
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuarantineSettings {
    /// `enabled`: whether there is a quarantine; default yes as soon as another key is set.
    pub enabled: Option<bool>,
    /// `after`: deaths in a row at one place until records run one at a time; 1 to 100, default 2.
    pub after: Option<u32>,
}

impl QuarantineSettings {
    pub(super) fn or(self, fallback: Self) -> Self {
        Self {
            enabled: self.enabled.or(fallback.enabled),
            after: self.after.or(fallback.after),
        }
    }

    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            enabled: section.read("enabled", boolean),
            after: section.read("after", integer(1..=MOST_DEATHS)),
        };
        section.refuse_unknown();
        settings
    }

    /// With the defaults.
    pub(super) fn resolved(self) -> Option<QuarantineSpec> {
        let default = QuarantineSpec::default();
        let wanted = self.enabled.unwrap_or(self.after.is_some());
        wanted.then_some(QuarantineSpec {
            after: self.after.unwrap_or(default.after),
        })
    }
}
