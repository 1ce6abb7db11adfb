//! `[kafka.listener.dead-letters]` and `[kafka.listeners.<id>.dead-letters]`.

use super::section::Section;
use super::values::{boolean, list, size};
use crate::error::HeaderRules;

/// Which headers dead letters have beside those of the record, as it was written.
///
/// ```toml
/// [kafka.listeners.charge.dead-letters]
/// exclude-headers = ["exception-stacktrace", "mk-trace"]
/// max-text = "2KiB"
/// texts = false                # types and variants only, nothing that an error says
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterSettings {
    /// `exclude-headers`: names without `kafka_dlt-`.
    pub exclude_headers: Option<Vec<String>>,
    /// `max-text`: the longest message or list of sources; default 8 KiB.
    pub max_text: Option<u64>,
    /// `texts`: whether what errors say is written; default `true`.
    pub texts: Option<bool>,
}

impl DeadLetterSettings {
    pub(super) fn or(self, fallback: &Self) -> Self {
        Self {
            exclude_headers: self
                .exclude_headers
                .or_else(|| fallback.exclude_headers.clone()),
            max_text: self.max_text.or(fallback.max_text),
            texts: self.texts.or(fallback.texts),
        }
    }

    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            exclude_headers: section.read("exclude-headers", list(HeaderRules::check_name)),
            max_text: section.read("max-text", size),
            texts: section.read("texts", boolean),
        };
        section.refuse_unknown();
        settings
    }

    /// The rules, with the defaults.
    #[must_use]
    pub fn rules(&self) -> HeaderRules {
        let mut rules = HeaderRules::default();
        for name in self.exclude_headers.iter().flatten() {
            rules = rules.without(name);
        }
        if let Some(most) = self.max_text {
            rules = rules.max_text(usize::try_from(most).unwrap_or(usize::MAX));
        }
        match self.texts {
            Some(false) => rules.without_texts(),
            _ => rules,
        }
    }
}

/// Who takes the records that are not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Recoverer {
    /// `dead-letter`: the dead-letter topic.
    #[default]
    DeadLetter,
    /// `log`: nobody; a line in the log is all that is left, as Spring's default has it.
    Log,
}

impl Recoverer {
    pub(crate) const NAMES: [(&'static str, Self); 2] =
        [("dead-letter", Self::DeadLetter), ("log", Self::Log)];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DeadLetter => "dead-letter",
            Self::Log => "log",
        }
    }
}
