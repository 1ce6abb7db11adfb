use super::*;
use crate::fault::{ErrorCode, Matcher, Schedule};
use proptest::prelude::*;

fn any_rule() -> impl Strategy<Value = Rule> {
    let pattern = || proptest::option::of("[a-z*?-]{1,8}".prop_map(Pattern::new));
    let matcher = (
        proptest::sample::subsequence(ApiKey::ALL, 0..4),
        proptest::option::of(0..9),
        proptest::option::of(0..9),
        pattern(),
        pattern(),
        pattern(),
        pattern(),
    );
    let matcher = matcher.prop_map(
        |(apis, broker, partition, topic, client, group, transactional_id)| Matcher {
            apis,
            broker,
            topic,
            partition,
            client,
            group,
            transactional_id,
        },
    );
    let schedule = (
        1..9_u64,
        1..9_u64,
        proptest::option::of(0..9_u64),
        0..=4_u32,
    );
    let schedule = schedule.prop_map(|(first, every, times, quarters)| Schedule {
        first,
        every,
        times,
        probability: f64::from(quarters) / 4.0,
        seed: times,
    });
    let time = || (0..5_000_000_u64).prop_map(Duration::from_micros);
    let delay = (time(), time()).prop_map(|(from, more)| Delay {
        from,
        to: from + more,
    });
    let ending = prop_oneof![
        Just(Action::Disconnect),
        Just(Action::Silence),
        (1..100_i16).prop_map(|code| Action::Answer(code.to_string().parse().unwrap())),
    ];
    let action = prop_oneof![
        ending.clone(),
        ending.prop_map(|then| Action::ApplyThen(Box::new(then))),
        time().prop_map(Action::Throttle),
        (0..100_usize).prop_map(Action::CutAnswer),
        Just(Action::CorruptRecords),
        Just(Action::Duplicate),
        Just(Action::Hold),
        Just(Action::Proceed),
    ];
    let parts = (matcher, schedule, proptest::option::of(delay), action);
    parts.prop_map(|(matcher, schedule, delay, action)| Rule {
        matcher,
        schedule,
        delay,
        action,
    })
}

proptest! {
    #[test]
    fn any_rule_reads_as_it_is_written(rule in any_rule()) {
        prop_assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule);
    }

    #[test]
    fn any_text_is_a_rule_or_an_error(text in "[a-zA-Z_=0-9.* ,-]{0,60}") {
        if let Ok(rule) = text.parse::<Rule>() {
            prop_assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule);
        }
    }
}

#[test]
fn a_rule_reads_as_it_is_written() {
    let text = "Produce,Fetch topic=or* partition=3 client=svc-* nth=2 times=4 after=5ms..2s \
                answer=NOT_LEADER_OR_FOLLOWER";
    let rule: Rule = text.parse().unwrap();
    let expected = Rule {
        matcher: Matcher {
            apis: vec![ApiKey::Produce, ApiKey::Fetch],
            topic: Some(Pattern::new("or*")),
            partition: Some(3),
            client: Some(Pattern::new("svc-*")),
            ..Matcher::default()
        },
        schedule: Schedule {
            first: 2,
            times: Some(4),
            ..Schedule::default()
        },
        delay: Some(Delay {
            from: Duration::from_millis(5),
            to: Duration::from_secs(2),
        }),
        action: Action::Answer(ErrorCode::NOT_LEADER_OR_FOLLOWER),
    };
    assert_eq!(rule, expected);
}

#[test]
fn what_is_written_reads_the_same() {
    for text in [
        "* disconnect",
        "Fetch corrupt_records",
        "EndTxn transactional_id=tx times=1 apply_then=disconnect",
        "Produce first=3 every=2 probability=0.5 seed=7 apply_then=REQUEST_TIMED_OUT",
        "Produce broker=1 group=g delay=50ms..200ms",
        "Produce after=1500us throttle=2000ms",
        "Heartbeat hold",
        "Fetch cut=12",
        "JoinGroup silence",
        "JoinGroup duplicate",
        "Metadata proceed",
    ] {
        let rule: Rule = text
            .parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(rule.to_string(), text);
    }
}

#[test]
fn pairs_come_with_flags_and_dashes() {
    let rule = Rule::from_pairs([
        ("api", "Fetch"),
        ("corrupt-records", "true"),
        ("hold", "false"),
    ]);
    assert_eq!(rule.unwrap().action, Action::CorruptRecords);
}

#[test]
fn what_is_no_rule_is_named() {
    let refused = |text: &str| text.parse::<Rule>().unwrap_err().to_string();
    for (text, told) in [
        ("Produce", "nothing is to happen"),
        ("Produkt disconnect", "`Produkt` is no API"),
        ("Produce tpoic=a disconnect", "`tpoic` is no part of a rule"),
        ("Produce answer=NOT_A_CODE", "answer = `NOT_A_CODE`"),
        (
            "Produce disconnect silence",
            "`disconnect` and `silence` exclude",
        ),
        ("Produce nth=0 silence", "counted from 1"),
        ("Produce probability=2 silence", "from 0 to 1"),
        ("Produce delay=5d", "units are"),
        ("Produce delay=2s..1s", "ends before it begins"),
        ("Produce apply_then=hold", "expected disconnect, silence"),
        ("Produce silence=maybe", "true or false"),
    ] {
        let refused = refused(text);
        assert!(refused.contains(told), "{text}: {refused}");
    }
}
