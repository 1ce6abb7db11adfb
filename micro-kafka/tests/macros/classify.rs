//! `#[derive(Classify)]` gives each variant its policy and name.

use micro_kafka::error::{BackOff, Classify as _, Policy};
use micro_kafka::prelude::*;

#[derive(Classify)]
#[allow(dead_code, reason = "fields are there to be told apart")]
enum Everything {
    Plain,
    #[kafka(dead_letter)]
    Dead(u8),
    #[kafka(retry)]
    Retry {
        why: String,
    },
    #[kafka(retry(attempts = 3, backoff = "100ms"))]
    RetryMore,
    #[kafka(retry(backoff = "1s..5m"))]
    RetryLonger,
    #[kafka(retry_after)]
    After(Duration),
    #[kafka(retry_after)]
    AfterField {
        code: u16,
        delay: Duration,
    },
    #[kafka(skip)]
    Skip,
    #[kafka(stop)]
    Stop,
    #[kafka(transparent)]
    Inner(Whole),
    r#Type,
}

#[derive(Classify)]
#[kafka(retry(attempts = 7), crate = ::micro_kafka)]
struct Whole;

#[derive(Classify)]
#[kafka(retry_after)]
struct Later {
    delay: Duration,
}

#[derive(Classify)]
enum Wrapper<E> {
    #[kafka(transparent)]
    Cause { source: E },
}

#[derive(Classify)]
enum Never {}

fn retry(attempts: Option<u32>, back_off: Option<BackOff>) -> Policy {
    Policy::Retry { attempts, back_off }
}

#[test]
fn every_attribute_becomes_its_policy() {
    let longer = BackOff::Exponential {
        initial: Duration::from_secs(1),
        max: Duration::from_secs(300),
        multiplier: 2.0,
    };
    let fixed = BackOff::Fixed(Duration::from_millis(100));
    let delay = Duration::from_secs(9);
    for (error, policy, name) in [
        (Everything::Plain, Policy::Inherit, "Plain"),
        (Everything::Dead(1), Policy::DeadLetter, "Dead"),
        (
            Everything::Retry { why: String::new() },
            retry(None, None),
            "Retry",
        ),
        (
            Everything::RetryMore,
            retry(Some(3), Some(fixed)),
            "RetryMore",
        ),
        (
            Everything::RetryLonger,
            retry(None, Some(longer)),
            "RetryLonger",
        ),
        (Everything::After(delay), Policy::RetryAfter(delay), "After"),
        (
            Everything::AfterField { code: 1, delay },
            Policy::RetryAfter(delay),
            "AfterField",
        ),
        (Everything::Skip, Policy::Skip, "Skip"),
        (Everything::Stop, Policy::Stop, "Stop"),
        (Everything::Inner(Whole), retry(Some(7), None), "Whole"),
        (Everything::Type, Policy::Inherit, "Type"),
    ] {
        assert_eq!(error.classify(), policy, "{name}");
        assert_eq!(error.variant(), name);
    }
}

#[test]
fn structs_and_generic_wrappers_have_policies() {
    let delay = Duration::from_secs(1);
    assert_eq!(Later { delay }.classify(), Policy::RetryAfter(delay));
    assert_eq!(Later { delay }.variant(), "Later");
    let wrapped = Wrapper::Cause { source: Whole };
    assert_eq!(wrapped.classify(), retry(Some(7), None));
    assert_eq!(wrapped.variant(), "Whole");
    assert_eq!(size_of::<Never>(), 0);
}
