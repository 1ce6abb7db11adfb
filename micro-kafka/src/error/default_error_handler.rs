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
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::error::fixture::{ChargeError, delivery};
    use crate::record::OwnedRecord;

    const MS: Duration = Duration::from_millis(1);

    fn action(handler: &DefaultErrorHandler, error: &ListenerError, attempt: u32) -> Action {
        handler.handle(&delivery(OwnedRecord::new("orders", 0, 7), attempt), error)
    }

    fn override_of(
        attempts: Option<u32>,
        backoff: Option<BackOff>,
        policy: Option<ErrorPolicy>,
    ) -> ErrorRetry {
        ErrorRetry {
            attempts,
            backoff,
            policy,
        }
    }

    fn error(policy: Policy) -> ListenerError {
        ListenerError::from_classified(ChargeError::new("Timeout", policy))
    }

    /// The actions of all deliveries until the record is not delivered again.
    fn history(handler: &DefaultErrorHandler, error: &ListenerError) -> Vec<Action> {
        let mut actions = Vec::new();
        for attempt in 1.. {
            actions.push(action(handler, error, attempt));
            if !matches!(actions.last(), Some(Action::RetryAfter(_))) {
                break;
            }
        }
        actions
    }

    #[test]
    fn by_default_a_record_is_delivered_ten_times_without_waits() {
        let plain = ListenerError::from_error("no policy");
        let actions = history(&DefaultErrorHandler::default(), &plain);
        let mut expected = vec![Action::RetryAfter(Duration::ZERO); 9];
        expected.push(Action::Recover);
        assert_eq!(actions, expected);
    }

    #[test]
    fn attempts_count_the_first_delivery() {
        for attempts in 1..20_usize {
            let handler = DefaultErrorHandler::new(u32::try_from(attempts).unwrap(), BackOff::NONE);
            assert_eq!(history(&handler, &error(Policy::Inherit)).len(), attempts);
        }
        let never = DefaultErrorHandler::new(0, BackOff::NONE);
        assert_eq!(history(&never, &error(Policy::Inherit)), [Action::Recover]);
    }

    #[test]
    fn waits_grow_with_the_attempts() {
        let handler = DefaultErrorHandler::new(4, "10ms..50ms x3".parse().unwrap());
        let waits = history(&handler, &error(Policy::Inherit));
        let expected = [10, 30, 50].map(|ms| Action::RetryAfter(MS * ms));
        assert_eq!(waits, [&expected[..], &[Action::Recover]].concat());
    }

    #[test]
    fn the_errors_own_policy_wins_over_the_listeners_defaults() {
        let handler = DefaultErrorHandler::default();
        assert_eq!(
            action(&handler, &error(Policy::DeadLetter), 1),
            Action::DeadLetter
        );
        assert_eq!(action(&handler, &error(Policy::Skip), 1), Action::Skip);
        assert_eq!(action(&handler, &error(Policy::Stop), 1), Action::Stop);
        let retry = Policy::Retry {
            attempts: Some(2),
            back_off: Some(BackOff::Fixed(MS * 5)),
        };
        let expected = [Action::RetryAfter(MS * 5), Action::Recover];
        assert_eq!(history(&handler, &error(retry)), expected);
    }

    #[test]
    fn what_a_policy_leaves_open_comes_from_the_listener() {
        let handler = DefaultErrorHandler::new(3, BackOff::Fixed(MS * 7));
        let open = Policy::Retry {
            attempts: None,
            back_off: None,
        };
        let wait = Action::RetryAfter(MS * 7);
        assert_eq!(
            history(&handler, &error(open)),
            [wait, wait, Action::Recover]
        );
    }

    #[test]
    fn a_delay_that_was_told_is_kept_and_attempts_are_counted() {
        let handler = DefaultErrorHandler::new(3, BackOff::Fixed(MS));
        let told = Policy::RetryAfter(MS * 900);
        let wait = Action::RetryAfter(MS * 900);
        assert_eq!(
            history(&handler, &error(told)),
            [wait, wait, Action::Recover]
        );
    }

    #[test]
    fn settings_win_over_the_errors_own_policy() {
        let settings = |value| DefaultErrorHandler::default().with_override("Timeout", value);
        let retry = override_of(Some(2), Some(BackOff::Fixed(MS)), None);
        let twice = [Action::RetryAfter(MS), Action::Recover];
        assert_eq!(
            history(&settings(retry.clone()), &error(Policy::DeadLetter)),
            twice
        );
        for (policy, expected) in [
            (ErrorPolicy::DeadLetter, Action::DeadLetter),
            (ErrorPolicy::Skip, Action::Skip),
            (ErrorPolicy::Stop, Action::Stop),
            (ErrorPolicy::Park, Action::Park),
        ] {
            let handler = settings(override_of(None, None, Some(policy)));
            assert_eq!(action(&handler, &error(Policy::Inherit), 1), expected);
        }
        let other = DefaultErrorHandler::default().with_override("Declined", retry);
        assert_eq!(history(&other, &error(Policy::Inherit)).len(), 10);
    }

    #[test]
    fn an_override_of_the_attempts_keeps_a_told_delay() {
        let value = override_of(Some(2), None, None);
        let handler = DefaultErrorHandler::default().with_override("Timeout", value);
        let told = error(Policy::RetryAfter(MS * 900));
        let expected = [Action::RetryAfter(MS * 900), Action::Recover];
        assert_eq!(history(&handler, &told), expected);
    }

    #[test]
    fn types_that_are_not_retryable_go_at_once_unless_their_own_policy_says_otherwise() {
        use crate::codec::DecodeError;
        let io = ListenerError::from_error(std::io::Error::other("disk"));
        let handler = DefaultErrorHandler::default().not_retryable::<std::io::Error>();
        assert_eq!(history(&handler, &io), [Action::DeadLetter]);
        let text = ListenerError::from_error("text");
        assert_eq!(history(&handler, &text).len(), 10);
        let only = DefaultErrorHandler::new(3, BackOff::NONE)
            .retries_nothing_else()
            .retryable::<DecodeError>();
        let caused = ListenerError::from_error(DecodeError::Utf8(3));
        assert_eq!(history(&only, &caused).len(), 3);
        assert_eq!(history(&only, &text), [Action::DeadLetter]);
        let retry = Policy::Retry {
            attempts: None,
            back_off: None,
        };
        assert_eq!(history(&only, &error(retry)).len(), 3);
    }

    #[test]
    fn a_function_may_choose_the_waits() {
        let handler = DefaultErrorHandler::new(2, BackOff::Fixed(MS)).back_off_by(|_, error| {
            (error.class() == "Timeout").then_some(BackOff::Fixed(MS * 20))
        });
        let waits = history(&handler, &error(Policy::Inherit));
        assert_eq!(waits, [Action::RetryAfter(MS * 20), Action::Recover]);
        let other = ListenerError::from_error("other");
        let waits = history(&handler, &other);
        assert_eq!(waits, [Action::RetryAfter(MS), Action::Recover]);
    }

    #[test]
    fn another_error_begins_the_attempts_anew_only_if_asked_for() {
        let seen = |handler: &DefaultErrorHandler| {
            let mut delivery = delivery(OwnedRecord::new("orders", 0, 7), 1);
            let errors = ["Timeout", "Timeout", "Declined", "Declined", "Declined"];
            let errors = errors.map(|name| {
                ListenerError::from_classified(ChargeError::new(name, Policy::Inherit))
            });
            errors.map(|error| {
                delivery.failed(&error);
                let action = handler.handle(&delivery, &error);
                delivery.attempt += 1;
                action == Action::Recover
            })
        };
        let handler = DefaultErrorHandler::new(3, BackOff::NONE);
        assert_eq!(seen(&handler), [false, false, true, true, true]);
        let anew = handler.reset_on_change();
        assert_eq!(seen(&anew), [false, false, false, false, true]);
    }

    #[test]
    fn a_record_that_cannot_be_decoded_is_recovered_at_once() {
        let undecodable = ListenerError::decode(crate::codec::DecodeError::Utf8(3));
        let handler = DefaultErrorHandler::default();
        assert_eq!(history(&handler, &undecodable), [Action::DeadLetter]);
    }

    #[test]
    fn a_panic_is_tried_again_as_any_failure() {
        let panic = "index out of bounds".into();
        let panic = ListenerError::new(ErrorKind::Panic, panic, "panic", None, Policy::Inherit);
        assert_eq!(history(&DefaultErrorHandler::default(), &panic).len(), 10);
    }
}
