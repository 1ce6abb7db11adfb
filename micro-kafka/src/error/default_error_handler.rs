//! Retry in place, then recover: what happens to a failed record unless something else was asked.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use super::back_off::jittered;
use super::error_rules::ErrorRules;
use super::{Action, BackOff, ErrorHandler, ListenerError, Policy, source_chain};
use crate::config::{ErrorPolicy, ErrorRetry, RetrySettings};
use crate::listener::Delivery;

/// Deliveries in all, as in Spring.
pub const DEFAULT_ATTEMPTS: u32 = 10;

/// Delivers a failed record again until its attempts are used up, then hands it to the recoverer:
/// the counterpart of Spring's `DefaultErrorHandler`, with its defaults of 10 deliveries and no
/// wait.
///
/// What counts, the strongest first: an override for the error's variant; the error's own policy
/// ([`super::Classify`]); the defaults of the listener. Attempts count deliveries, the first one
/// included, whatever the errors were. A record that cannot be decoded is recovered at once; a
/// panic is an error without a policy of its own.
#[derive(Debug, Clone)]
pub struct DefaultErrorHandler {
    attempts: u32,
    back_off: BackOff,
    settings: RetrySettings,
    rules: ErrorRules,
}

impl Default for DefaultErrorHandler {
    fn default() -> Self {
        Self::new(DEFAULT_ATTEMPTS, BackOff::NONE)
    }
}

/// Nothing of a variant.
static NOTHING: ErrorRetry = ErrorRetry {
    attempts: None,
    backoff: None,
    policy: None,
};

/// What is left once override, policy and defaults are laid over one another.
enum Decision {
    Retry(Duration),
    UsedUp,
    DeadLetter,
    Skip,
    Park,
    Stop,
}

impl DefaultErrorHandler {
    /// A handler for errors without a policy: that many deliveries in all (at least 1), with those
    /// waits between them.
    #[must_use]
    pub fn new(attempts: u32, back_off: BackOff) -> Self {
        Self {
            attempts: attempts.max(1),
            back_off,
            settings: RetrySettings::default(),
            rules: ErrorRules::default(),
        }
    }

    /// Errors of this type, and those that have one among their sources, are not tried again:
    /// Spring's `addNotRetryableExceptions`. An error's own policy counts more.
    #[must_use]
    pub fn not_retryable<E: Error + 'static>(mut self) -> Self {
        self.rules.add(ListenerError::is_caused_by::<E>, false);
        self
    }

    /// Errors of this type, and those that have one among their sources, are tried again, where
    /// [`Self::retries_nothing_else`] is set.
    #[must_use]
    pub fn retryable<E: Error + 'static>(mut self) -> Self {
        self.rules.add(ListenerError::is_caused_by::<E>, true);
        self
    }

    /// Tries again only what is [`Self::retryable`], or what says so by its own policy: Spring's
    /// `defaultFalse`.
    #[must_use]
    pub fn retries_nothing_else(mut self) -> Self {
        self.rules.default = false;
        self
    }

    /// Waits as `choose` says, where it says something: Spring's `setBackOffFunction`.
    #[must_use]
    pub fn back_off_by(
        mut self,
        choose: impl Fn(&Delivery, &ListenerError) -> Option<BackOff> + Send + Sync + 'static,
    ) -> Self {
        self.rules.back_off = Some(Arc::new(choose));
        self
    }

    /// Lets waits differ by up to that share of them, 0 to 1, so that records which fail together do
    /// not come back together. A wait that was told ([`Policy::RetryAfter`]) is kept to.
    #[must_use]
    pub fn jitter(mut self, share: f64) -> Self {
        self.settings.jitter = Some(share);
        self
    }

    /// Begins the attempts and waits anew with an error of another type or variant than the last
    /// one, as Spring does: a record whose errors alternate is then tried for ever.
    #[must_use]
    pub fn reset_on_change(mut self) -> Self {
        self.settings.reset_on_change = Some(true);
        self
    }

    /// What `[kafka.listeners.<id>.retry]` says.
    #[must_use]
    pub fn from_settings(settings: &RetrySettings) -> Self {
        let attempts = settings.attempts.unwrap_or(DEFAULT_ATTEMPTS);
        Self {
            settings: settings.clone(),
            ..Self::new(attempts, settings.backoff.unwrap_or(BackOff::NONE))
        }
    }

    /// Lays settings over the policy of one variant, named without its type.
    #[must_use]
    pub fn with_override(mut self, variant: impl Into<String>, value: ErrorRetry) -> Self {
        self.settings.errors.insert(variant.into(), value);
        self
    }

    fn decide(&self, delivery: &Delivery, error: &ListenerError) -> Decision {
        let failures = match self.settings.reset_on_change {
            Some(true) => delivery.history(error).of_the_same_kind(),
            _ => delivery.attempt(),
        };
        let chosen = self.rules.back_off.as_ref();
        let chosen = chosen.and_then(|choose| choose(delivery, error));
        let back_off = chosen.unwrap_or(self.back_off);
        match self.policy(error) {
            (Policy::Inherit, over) if !self.rules.retries(error) && !over.retries() => {
                Decision::DeadLetter
            }
            (policy, over) => self.by_policy(policy, failures, back_off, over),
        }
    }

    /// What the error's policy comes to, with what the settings say of its variant.
    fn policy(&self, error: &ListenerError) -> (Policy, &ErrorRetry) {
        let known = error.variant().and_then(|name| self.settings.error(name));
        let Some(value) = known else {
            return (error.policy(), &NOTHING);
        };
        let policy = match (value.policy, error.policy()) {
            (Some(ErrorPolicy::DeadLetter), _) => Policy::DeadLetter,
            (Some(ErrorPolicy::Skip), _) => Policy::Skip,
            (Some(ErrorPolicy::Park), _) => Policy::Park,
            (Some(ErrorPolicy::Stop), _) => Policy::Stop,
            // These keep what the settings do not mention.
            (_, own @ (Policy::Retry { .. } | Policy::RetryAfter(_))) => own,
            (Some(ErrorPolicy::Retry), _) => Policy::Inherit,
            (None, _) if value.retries() => Policy::Inherit,
            (None, own) => own,
        };
        (policy, value)
    }

    fn by_policy(
        &self,
        policy: Policy,
        failures: u32,
        default: BackOff,
        over: &ErrorRetry,
    ) -> Decision {
        let jitter = match policy {
            Policy::RetryAfter(_) if over.backoff.is_none() => 0.0,
            _ => self.settings.jitter.unwrap_or(0.0),
        };
        let retry = |attempts: Option<u32>, back_off: Option<BackOff>| {
            let attempts = over.attempts.or(attempts).unwrap_or(self.attempts);
            let waits = over.backoff.or(back_off).unwrap_or(default);
            match failures < attempts {
                true => Decision::Retry(jittered(waits.delay(failures), jitter)),
                false => Decision::UsedUp,
            }
        };
        match policy {
            Policy::Inherit => retry(None, None),
            Policy::Retry { attempts, back_off } => retry(attempts, back_off),
            Policy::RetryAfter(delay) => retry(None, Some(BackOff::Fixed(delay))),
            Policy::DeadLetter => Decision::DeadLetter,
            Policy::Skip => Decision::Skip,
            Policy::Park => Decision::Park,
            Policy::Stop => Decision::Stop,
        }
    }
}

impl ErrorHandler for DefaultErrorHandler {
    fn handle(&self, delivery: &Delivery, error: &ListenerError) -> Action {
        let action = match self.decide(delivery, error) {
            Decision::Retry(delay) => Action::RetryAfter(delay),
            Decision::UsedUp => Action::Recover,
            Decision::DeadLetter => Action::DeadLetter,
            Decision::Skip => Action::Skip,
            Decision::Park => Action::Park,
            Decision::Stop => Action::Stop,
        };
        log(delivery, error, action);
        action
    }
}

fn log(delivery: &Delivery, error: &ListenerError, action: Action) {
    macro_rules! event {
        ($level:ident, $message:literal $(, $field:ident = $value:expr)?) => {
            tracing::event!(
                tracing::Level::$level,
                listener = &*delivery.listener().id,
                topic = delivery.record().topic(),
                partition = delivery.record().partition(),
                offset = delivery.record().offset(),
                attempt = delivery.attempt(),
                kind = ?error.kind(),
                r#type = error.type_name(),
                variant = error.variant(),
                // In quotes: control characters of the error's text are escaped.
                error = ?source_chain::joined(error.error()),
                $($field = ?$value,)?
                $message
            )
        };
    }
    match action {
        // The first failure tells; its repetitions would only flood the log.
        Action::RetryAfter(delay) if delivery.attempt() == 1 => {
            event!(WARN, "record failed, will be tried again", delay = delay);
        }
        Action::RetryAfter(delay) => {
            event!(
                DEBUG,
                "record failed again, will be tried again",
                delay = delay
            );
        }
        Action::Skip => event!(WARN, "record failed and is skipped"),
        Action::Recover | Action::DeadLetter | Action::RetryTopic(_) | Action::Park => {
            event!(ERROR, "record failed for good");
        }
        Action::Stop => event!(ERROR, "record failed, the listener stops"),
    }
}

#[cfg(test)]
mod tests;
