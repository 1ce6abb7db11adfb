//! What the default handler makes of failures.

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
    let handler = DefaultErrorHandler::new(2, BackOff::Fixed(MS))
        .back_off_by(|_, error| (error.class() == "Timeout").then_some(BackOff::Fixed(MS * 20)));
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
        let errors = errors
            .map(|name| ListenerError::from_classified(ChargeError::new(name, Policy::Inherit)));
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
