//! `[kafka.listener.retry]` and `[kafka.listeners.<id>.retry]`.

use std::collections::BTreeMap;

use super::key::relaxed;
use super::section::Section;
use super::values::{back_off, boolean, choice, integer, share};
use crate::error::BackOff;

/// How often, how long and for which errors a record is tried again.
///
/// ```toml
/// [kafka.listeners.charge.retry]
/// attempts = 5                 # deliveries in all
/// backoff = "1s..5m x4"
/// jitter = 0.2                 # each wait differs by up to a fifth
///
/// [kafka.listeners.charge.retry.Timeout]   # the variant `Timeout` of the handler's error
/// attempts = 10
///
/// [kafka.listeners.charge.retry.Declined]
/// policy = "dead-letter"
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RetrySettings {
    /// `attempts`: deliveries in all, the first one included; 1 = never again. Default 10.
    pub attempts: Option<u32>,
    /// `backoff`: the wait between deliveries.
    pub backoff: Option<BackOff>,
    /// `jitter`: how far a wait may differ, as a share of it: 0 to 1. Default 0. A wait that was told
    /// (`retry_after`) is kept to.
    pub jitter: Option<f64>,
    /// `reset-on-change`: whether an error of another type or variant than the last one begins the
    /// attempts anew, as Spring does. Default `false`: all deliveries count.
    pub reset_on_change: Option<bool>,
    /// One table for each error variant that is treated otherwise, by the variant's name.
    pub errors: BTreeMap<String, ErrorRetry>,
}

/// What one error variant does otherwise; an absent value is taken from [`RetrySettings`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ErrorRetry {
    /// `attempts`: deliveries in all.
    pub attempts: Option<u32>,
    /// `backoff`: the wait between deliveries.
    pub backoff: Option<BackOff>,
    /// `policy`: over the one of `#[derive(Classify)]`.
    pub policy: Option<ErrorPolicy>,
}

/// What happens to a record whose handler failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorPolicy {
    /// `retry`: try again, and dead-letter after the last attempt.
    Retry,
    /// `dead-letter`: at once.
    DeadLetter,
    /// `skip`: log it and go on.
    Skip,
    /// `park`: leave it where it is, its lane waits until the container is asked to `unpark`.
    Park,
    /// `stop`: stop the listener, the record stays uncommitted.
    Stop,
}

impl ErrorPolicy {
    pub(crate) const NAMES: [(&'static str, Self); 5] = [
        ("retry", Self::Retry),
        ("dead-letter", Self::DeadLetter),
        ("skip", Self::Skip),
        ("park", Self::Park),
        ("stop", Self::Stop),
    ];
}

impl RetrySettings {
    /// What is set for an error variant, its name spelled in any of the relaxed ways.
    #[must_use]
    pub fn error(&self, variant: &str) -> Option<&ErrorRetry> {
        let wanted = relaxed(variant);
        self.errors
            .iter()
            .find(|(name, _)| relaxed(name) == wanted)
            .map(|(_, retry)| retry)
    }

    /// These settings, and those of `fallback` where these have none.
    #[must_use]
    pub fn or(mut self, fallback: &Self) -> Self {
        self.attempts = self.attempts.or(fallback.attempts);
        self.backoff = self.backoff.or(fallback.backoff);
        self.jitter = self.jitter.or(fallback.jitter);
        self.reset_on_change = self.reset_on_change.or(fallback.reset_on_change);
        for (name, error) in &fallback.errors {
            let wanted = relaxed(name);
            let mine = self.errors.keys().find(|key| relaxed(key) == wanted);
            let mine = mine.unwrap_or(name).clone();
            let merged = self.errors.entry(mine).or_default();
            merged.attempts = merged.attempts.or(error.attempts);
            merged.backoff = merged.backoff.or(error.backoff);
            merged.policy = merged.policy.or(error.policy);
        }
        self
    }
}

impl RetrySettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let mut retry = Self {
            attempts: section.read("attempts", integer(1..=u32::MAX)),
            backoff: section.read("backoff", back_off),
            jitter: section.read("jitter", share),
            reset_on_change: section.read("reset-on-change", boolean),
            errors: BTreeMap::new(),
        };
        section.refuse_unknown_values();
        for (variant, inner) in section.tables() {
            retry
                .errors
                .insert(variant.to_owned(), ErrorRetry::read(inner));
        }
        retry
    }
}

impl ErrorRetry {
    /// Whether it speaks of retries.
    pub(crate) fn retries(&self) -> bool {
        let says = self.attempts.is_some() || self.backoff.is_some();
        says || self.policy == Some(ErrorPolicy::Retry)
    }

    fn read(mut section: Section<'_>) -> Self {
        let retry = Self {
            attempts: section.read("attempts", integer(1..=u32::MAX)),
            backoff: section.read("backoff", back_off),
            policy: section.read("policy", choice(&ErrorPolicy::NAMES)),
        };
        section.refuse_unknown();
        retry
    }
}
