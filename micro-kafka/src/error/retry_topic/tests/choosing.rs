//! Where a failed record goes.

use std::time::Duration;

use super::super::recoverer::Destination;
use super::*;
use crate::clock::Clock;
use crate::config::{ErrorPolicy, ErrorRetry};
use crate::error::fixture::{ChargeError, delivery};
use crate::error::{
    Action, BackOff, ErrorHandler as _, ListenerError, LoggingRecoverer, Policy, Recover as _, Way,
};
use crate::listener::Delivery;
use crate::record::{OwnedHeader, OwnedRecord, Timestamp};
use crate::template::{KafkaTemplate, TemplateConfig};

const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    clock: Clock,
    recoverer: RetryTopicRecoverer,
    handler: RetryTopicErrorHandler,
}

impl Bench {
    fn new(policy: RetryTopicPolicy) -> Self {
        let (clock, topics) = (Clock::manual(), topics(policy, "t"));
        // Nothing is sent, so nothing is connected to.
        let kafka = KafkaTemplate::new(TemplateConfig::new("localhost:1")).unwrap();
        Self {
            recoverer: RetryTopicRecoverer::new(&kafka, Arc::clone(&topics), clock.clone()),
            handler: RetryTopicErrorHandler::new(topics),
            clock,
        }
    }

    fn goes(&self, delivery: &Delivery, error: &ListenerError) -> Destination {
        self.recoverer.destination(Way::Any, delivery, error)
    }

    /// The topic, and the wait in milliseconds.
    fn retry(&self, delivery: &Delivery, error: &ListenerError) -> (String, i64) {
        self.by(Way::Any, delivery, error)
    }

    fn by(&self, way: Way, delivery: &Delivery, error: &ListenerError) -> (String, i64) {
        let now = i64::try_from(self.clock.since_epoch().as_millis()).unwrap();
        match self.recoverer.destination(way, delivery, error) {
            // The present moment is no whole millisecond.
            Destination::Retry { topic, due } => (topic, due - now - 1),
            other => panic!("{other:?}"),
        }
    }
}

/// A delivery of that attempt.
fn tried(topic: &str, attempts: i32) -> Delivery {
    let mut record = OwnedRecord::new(topic, 0, 3);
    record.headers = vec![OwnedHeader::new(
        "retry_topic-attempts",
        attempts.to_be_bytes(),
    )];
    delivery(record, 1)
}

fn error(variant: &'static str, policy: Policy) -> ListenerError {
    ListenerError::from_classified(ChargeError::new(variant, policy))
}

fn plain() -> ListenerError {
    error("Timeout", Policy::Inherit)
}

fn dead(topic: &str) -> Destination {
    Destination::DeadLetter(topic.into())
}

#[tokio::test]
async fn a_record_goes_from_topic_to_topic_and_to_dead_letters_at_last() {
    let bench = Bench::new(policy(|it| {
        it.attempts = Some(4);
        it.backoff = "1s..1h x2".parse().ok();
    }));
    let way = [
        (tried("t", 1), "t-retry-1000", 1_000),
        (tried("t-retry-1000", 2), "t-retry-2000", 2_000),
        (tried("t-retry-2000", 3), "t-retry-4000", 4_000),
    ];
    for (delivery, topic, wait) in way {
        assert_eq!(bench.retry(&delivery, &plain()), (topic.to_owned(), wait));
        assert_eq!(bench.handler.handle(&delivery, &plain()), Action::Recover);
    }
    assert_eq!(
        bench.goes(&tried("t-retry-4000", 4), &plain()),
        dead("t-dlt")
    );
    assert_eq!(
        bench.goes(&tried("t-retry-4000", 99), &plain()),
        dead("t-dlt")
    );
}

#[tokio::test]
async fn a_source_records_count_is_not_believed() {
    let bench = Bench::new(policy(|_| {}));
    let (topic, _) = bench.retry(&tried("t", 3), &plain());
    assert_eq!(topic, "t-retry");
}

#[tokio::test]
async fn errors_say_what_becomes_of_them() {
    let bench = Bench::new(policy(|_| {}));
    let first = tried("t", 1);
    let declined = error("Declined", Policy::DeadLetter);
    assert_eq!(bench.goes(&first, &declined), dead("t-dlt"));
    assert_eq!(bench.handler.handle(&first, &declined), Action::DeadLetter);
    let skip = error("Foreign", Policy::Skip);
    assert_eq!(bench.handler.handle(&first, &skip), Action::Skip);
    let stop = error("Corrupt", Policy::Stop);
    assert_eq!(bench.handler.handle(&first, &stop), Action::Stop);
    let told = error("Quota", Policy::RetryAfter(SECOND * 90));
    assert_eq!(bench.retry(&first, &told), ("t-retry".into(), 90_000));
    let own = Policy::Retry {
        attempts: Some(5),
        back_off: Some(BackOff::Fixed(SECOND * 7)),
    };
    let own = error("Slow", own);
    assert_eq!(
        bench.retry(&tried("t-retry", 4), &own),
        ("t-retry".into(), 7_000)
    );
    assert_eq!(bench.goes(&tried("t-retry", 5), &own), dead("t-dlt"));
    let undecodable = ListenerError::decode(std::io::Error::other("no JSON"));
    assert_eq!(bench.goes(&first, &undecodable), dead("t-dlt"));
}

#[tokio::test]
async fn settings_win_over_the_errors_own_policy() {
    let retry = |policy, attempts| ErrorRetry {
        attempts,
        backoff: Some(BackOff::Fixed(SECOND * 2)),
        policy,
    };
    let mut own = policy(|_| {});
    own.errors.errors = [
        (
            "Declined".to_owned(),
            retry(Some(ErrorPolicy::Retry), Some(2)),
        ),
        (
            "Timeout".to_owned(),
            retry(Some(ErrorPolicy::DeadLetter), None),
        ),
    ]
    .into();
    let bench = Bench::new(own);
    let declined = error("Declined", Policy::DeadLetter);
    assert_eq!(
        bench.retry(&tried("t", 1), &declined),
        ("t-retry".into(), 2_000)
    );
    assert_eq!(bench.goes(&tried("t-retry", 2), &declined), dead("t-dlt"));
    assert_eq!(bench.goes(&tried("t", 1), &plain()), dead("t-dlt"));
}

#[tokio::test]
async fn only_errors_that_are_included_or_not_excluded_are_retried() {
    let named = |names: &[&str]| Some(names.iter().map(|it| (*it).to_owned()).collect());
    let first = tried("t", 1);
    let retried = |bench: &Bench, error: &ListenerError| {
        matches!(bench.goes(&first, error), Destination::Retry { .. })
    };
    let io = ListenerError::from_error(std::io::Error::other("disk"));
    let included = Bench::new(policy(|it| {
        it.include = named(&["Timeout", "std::io::error::Error"])
    }));
    assert!(retried(&included, &plain()) && retried(&included, &io));
    assert!(!retried(&included, &error("Quota", Policy::Inherit)));
    let excluded = Bench::new(policy(|it| it.exclude = named(&["Quota", "Error"])));
    assert!(retried(&excluded, &plain()));
    assert!(!retried(&excluded, &io));
    assert!(!retried(&excluded, &error("Quota", Policy::Inherit)));
    assert_eq!(excluded.handler.handle(&first, &io), Action::DeadLetter);
}

#[tokio::test]
async fn after_its_time_a_record_is_not_retried() {
    let bench = Bench::new(policy(|it| it.timeout = Some(SECOND * 60)));
    let sent = i64::try_from(bench.clock.since_epoch().as_millis()).unwrap();
    let mut record = OwnedRecord::new("t", 0, 0);
    record.timestamp = Timestamp::CreateTime(sent);
    let first = delivery(record.clone(), 1);
    assert_eq!(bench.retry(&first, &plain()).0, "t-retry");
    // Counted from when the first record was sent, not its copy.
    record.topic = "t-retry".into();
    record.headers = vec![OwnedHeader::new(
        "retry_topic-original-timestamp",
        sent.to_be_bytes(),
    )];
    let sixty = bench.clock.now() + SECOND * 60;
    bench.clock.advance_to(sixty - SECOND);
    record.timestamp = Timestamp::CreateTime(sent + 59_000);
    assert_eq!(
        bench.retry(&delivery(record.clone(), 1), &plain()).0,
        "t-retry"
    );
    bench.clock.advance_to(sixty + SECOND);
    assert_eq!(bench.goes(&delivery(record, 1), &plain()), dead("t-dlt"));
}

#[tokio::test]
async fn dead_letters_are_routed_by_error() {
    let routed = policy(|it| {
        it.dlt_routing = Some([("Declined".to_owned(), "-declined".to_owned())].into());
    });
    let bench = Bench::new(routed);
    let declined = error("Declined", Policy::DeadLetter);
    assert_eq!(
        bench.goes(&tried("t", 1), &declined),
        dead("t-declined-dlt")
    );
    assert_eq!(bench.goes(&tried("t-retry", 3), &plain()), dead("t-dlt"));
}

#[tokio::test]
async fn without_dead_letters_a_record_is_given_up_or_somebody_elses() {
    let bench = Bench::new(policy(|it| it.dlt_strategy = Some(DltStrategy::NoDlt)));
    let last = tried("t-retry", 3);
    assert_eq!(bench.goes(&last, &plain()), Destination::GivenUp);
    let elsewhere = bench.recoverer.at_last(Arc::new(LoggingRecoverer));
    let goes = elsewhere.destination(Way::Any, &last, &plain());
    assert_eq!(goes, Destination::Last);
    assert!(elsewhere.has_retry_topics());
}

#[tokio::test]
async fn the_error_handlers_way_counts() {
    let bench = Bench::new(policy(|_| {}));
    let first = tried("t", 1);
    let told = bench.by(Way::RetryTopic(SECOND * 5), &first, &plain());
    assert_eq!(told, ("t-retry".into(), 5_000));
    let declined = error("Declined", Policy::DeadLetter);
    let told = bench.by(Way::RetryTopic(SECOND * 5), &first, &declined);
    assert_eq!(told, ("t-retry".into(), 5_000));
    let goes = |way, delivery| bench.recoverer.destination(way, delivery, &plain());
    assert_eq!(goes(Way::DeadLetter, &first), dead("t-dlt"));
    let used_up = tried("t-retry", 3);
    assert_eq!(goes(Way::RetryTopic(SECOND), &used_up), dead("t-dlt"));
}

#[tokio::test]
async fn a_record_is_tried_in_place_before_each_step() {
    let bench = Bench::new(policy(|it| {
        it.in_place_attempts = Some(3);
        it.in_place_backoff = "10ms".parse().ok();
    }));
    let again = Action::RetryAfter(Duration::from_millis(10));
    let actions = (1..=3).map(|attempt| {
        let delivery = delivery(OwnedRecord::new("t", 0, 0), attempt);
        bench.handler.handle(&delivery, &plain())
    });
    assert_eq!(actions.collect::<Vec<_>>(), [again, again, Action::Recover]);
}

#[tokio::test]
async fn jitter_moves_a_wait_by_its_share_and_never_one_that_was_told() {
    let bench = Bench::new(policy(|it| {
        it.backoff = Some(BackOff::Fixed(SECOND * 100));
        it.jitter = Some(0.2);
    }));
    let first = tried("t", 1);
    let waits: Vec<_> = (0..200).map(|_| bench.retry(&first, &plain()).1).collect();
    let (least, most) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
    assert!((79_999..=120_001).contains(&least) && (79_999..=120_001).contains(&most));
    assert!(most - least > 20_000, "{least} to {most}");
    let told = error("Quota", Policy::RetryAfter(SECOND * 90));
    assert_eq!(bench.retry(&first, &told).1, 90_000);
}

#[test]
fn a_due_time_that_no_policy_asks_for_is_not_believed() {
    let topics = topics(policy(|it| it.backoff = "1d..3d x3".parse().ok()), "t");
    let now = SECOND * 1_000;
    let due = |after: Duration| {
        let mut record = OwnedRecord::new("t-retry", 0, 0);
        let millis = i64::try_from((now + after).as_millis()).unwrap();
        record.headers = vec![OwnedHeader::new(
            "retry_topic-backoff-timestamp",
            millis.to_be_bytes(),
        )];
        topics.due(&record.into(), now)
    };
    let day = SECOND * 86_400;
    assert_eq!(due(Duration::ZERO), None);
    assert_eq!(due(SECOND), Some(now + SECOND));
    assert_eq!(due(day * 6), Some(now + day * 6));
    assert_eq!(due(day * 7), None);
}
