//! The names of topics and groups.

use std::time::Duration;

use super::*;

fn names(change: impl FnOnce(&mut RetryTopicSettings)) -> Vec<String> {
    topics(policy(change), "t").topics_of("t")
}

#[test]
fn equal_waits_share_one_topic() {
    assert_eq!(names(|_| {}), ["t-retry"]);
    assert_eq!(names(|it| it.attempts = Some(9)), ["t-retry"]);
    assert_eq!(names(|it| it.attempts = Some(2)), ["t-retry"]);
}

#[test]
fn growing_waits_are_in_the_names() {
    let growing = names(|it| {
        it.attempts = Some(4);
        it.backoff = "1s..1h x2".parse().ok();
    });
    assert_eq!(growing, ["t-retry-1000", "t-retry-2000", "t-retry-4000"]);
    let up_to_a_limit = names(|it| {
        it.attempts = Some(8);
        it.backoff = "1s..16s x2".parse().ok();
    });
    let expected = ["1000", "2000", "4000", "8000", "16000"].map(|ms| format!("t-retry-{ms}"));
    assert_eq!(up_to_a_limit, expected);
    let capped = names(|it| {
        it.attempts = Some(8);
        it.backoff = "1s..1h x2".parse().ok();
        it.max_delay = Some(Duration::from_secs(16));
    });
    assert_eq!(capped, expected);
}

#[test]
fn where_keys_keep_their_order_all_retries_share_a_topic() {
    let ordered = names(|it| {
        it.attempts = Some(4);
        it.backoff = "1s..1h x2".parse().ok();
        it.order = Some(RetryOrder::Key);
    });
    assert_eq!(ordered, ["t-retry-ordered"]);
}

#[test]
fn by_index_they_are_numbered() {
    let growing = names(|it| {
        it.attempts = Some(4);
        it.backoff = "1s..1h x2".parse().ok();
        it.suffixing = Some(TopicSuffixing::Index);
    });
    assert_eq!(growing, ["t-retry-0", "t-retry-1", "t-retry-2"]);
    let one = names(|it| it.suffixing = Some(TopicSuffixing::Index));
    assert_eq!(one, ["t-retry"]);
}

#[test]
fn topics_of_their_own_for_equal_waits_are_numbered() {
    let multiple = |it: &mut RetryTopicSettings| {
        it.same_interval = Some(SameInterval::MultipleTopics);
    };
    assert_eq!(names(multiple), ["t-retry-0", "t-retry-1"]);
    let limited = names(|it| {
        multiple(it);
        it.attempts = Some(5);
        it.backoff = "8s..16s x2".parse().ok();
    });
    let expected = ["8000", "16000-0", "16000-1", "16000-2"].map(|it| format!("t-retry-{it}"));
    assert_eq!(limited, expected);
}

#[test]
fn suffixes_and_groups_are_as_asked_for() {
    let own = policy(|it| {
        it.suffix = Some("-again".into());
        it.dlt_suffix = Some("-dead".into());
        it.group_in_names = Some(true);
        it.dlt_routing = Some([("Timeout".to_owned(), "-slow".to_owned())].into());
    });
    let topics = topics(own, "t");
    assert_eq!(topics.topics_of("t"), ["t-billing-again"]);
    let dead: Vec<_> = topics.dead_letter_topics().map(|it| it.topic).collect();
    assert_eq!(dead, ["t-billing-slow-dead", "t-billing-dead"]);
}

#[test]
fn one_group_reads_all_retry_topics_unless_spring_reads_them_too() {
    let growing = |compat| {
        policy(|it| {
            it.attempts = Some(3);
            it.backoff = "1s..1h x2".parse().ok();
            it.compat = Some(compat);
        })
    };
    let own = topics(growing(RetryCompat::Own), "t").readers();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].suffix, "-retry");
    assert_eq!(own[0].topics, ["t-retry-1000", "t-retry-2000"]);
    let spring = topics(growing(RetryCompat::Spring), "t").readers();
    let read = spring.iter().map(|it| (&*it.suffix, &*it.topics[0]));
    let expected = [
        ("-retry-1000", "t-retry-1000"),
        ("-retry-2000", "t-retry-2000"),
    ];
    assert_eq!(read.collect::<Vec<_>>(), expected);
}

#[test]
fn topics_that_cannot_be_are_refused() {
    let new = |source: &[&str], change: fn(&mut RetryTopicSettings), dlt: Option<&str>| {
        let sources: Vec<_> = source.iter().map(|it| (*it).to_owned()).collect();
        let policy = policy(change);
        RetryTopics::new("charge".into(), policy, &sources, "g", dlt.map(Into::into)).unwrap_err()
    };
    let long = "x".repeat(245);
    assert!(matches!(
        new(&[&long], |_| {}, None),
        RetryTopicError::TooLong { .. }
    ));
    let looped = |topic: &str| RetryTopicError::Loop {
        topic: topic.into(),
    };
    assert_eq!(new(&["t", "t-retry"], |_| {}, None), looped("t-retry"));
    assert_eq!(new(&["t", "t-dlt"], |_| {}, None), looped("t-dlt"));
    let same = |it: &mut RetryTopicSettings| it.dlt_suffix = Some("-retry".into());
    assert_eq!(new(&["t"], same, None), looped("t-retry"));
    assert_eq!(new(&["t"], |_| {}, Some("t")), looped("t"));
    let many = |it: &mut RetryTopicSettings| {
        it.attempts = Some(1_000);
        it.backoff = "1s..9d x1.001".parse().ok();
    };
    assert!(matches!(
        new(&["t"], many, None),
        RetryTopicError::TooMany { .. }
    ));
}
