//! Time limits, rates, breakers; and what the broker decides.

use std::time::Duration;

use super::load;
use crate::config::{Config, ListenerAttributes, Origin, ResolvedListener};
use crate::error::BackOff;
use crate::listener::{BreakerSpec, QuarantineSpec, RetryBudgetSpec};

const BASIC: [(&str, &str); 2] = [("topics", "orders"), ("group_id", "billing")];

fn resolve(config: &Config, id: &str, values: &[(&str, &str)]) -> ResolvedListener {
    let attributes = ListenerAttributes {
        id,
        explicit_id: false,
        values,
        origin: Origin::Program,
    };
    config.listener(&attributes).unwrap()
}

#[test]
fn limits_come_from_every_layer() {
    let text = "[kafka.listener]\ntimeout = '5s'\nrate-limit = '100/s'\n\
        [kafka.listeners.charge]\nbreaker.window = 10\n[kafka.listeners.other]\nbreaker.enabled = true\n\
        [kafka.listeners.off]\nbreaker = { enabled = false, window = 5 }\n";
    let config = load(text).unwrap();
    let charge = resolve(&config, "charge", &BASIC);
    assert_eq!(charge.timeout, Some(Duration::from_secs(5)));
    assert_eq!(charge.rate_limit, "100/s".parse().ok());
    let growing = BackOff::Exponential {
        initial: Duration::from_secs(5),
        max: Duration::from_secs(60),
        multiplier: 2.0,
    };
    let spec = |window| BreakerSpec {
        window,
        wait: growing,
    };
    assert_eq!(charge.breaker, Some(spec(10)));
    let breaker = |id: &str| resolve(&config, id, &BASIC).breaker;
    assert_eq!(breaker("other"), Some(spec(20)));
    assert_eq!((breaker("off"), breaker("none")), (None, None));
    let values = [BASIC[0], BASIC[1], ("timeout", "2s"), ("rate_limit", "7/m")];
    let own = resolve(&config, "charge", &values);
    assert_eq!(own.timeout, Some(Duration::from_secs(2)));
    assert_eq!(own.rate_limit, "7/m".parse().ok());
}

#[test]
fn quarantines_and_budgets_are_off_until_something_is_said_of_them() {
    let text = "[kafka.listener]\nquarantine.after = 3\n\
        [kafka.listeners.charge]\nretry-budget.enabled = true\nquarantine.enabled = false\n\
        [kafka.listeners.index]\nretry-budget = { percent = 5, at-least = 0 }\n";
    let config = load(text).unwrap();
    let charge = resolve(&config, "charge", &BASIC);
    assert_eq!(charge.quarantine, None);
    assert_eq!(charge.retry_budget, Some(RetryBudgetSpec::default()));
    let index = resolve(&config, "index", &BASIC);
    assert_eq!(index.quarantine, Some(QuarantineSpec { after: 3 }));
    let budget = RetryBudgetSpec {
        percent: 5,
        at_least: 0,
    };
    assert_eq!(index.retry_budget, Some(budget));
    let plain = resolve(&load("").unwrap(), "charge", &BASIC);
    assert_eq!((plain.quarantine, plain.retry_budget), (None, None));
}

#[test]
fn a_quarantine_of_partitions_without_a_group_is_refused() {
    let values = [
        ("topic_partitions", "orders[0-1]"),
        ("group_id", "billing"),
        ("quarantine.enabled", "true"),
    ];
    let attributes = ListenerAttributes {
        id: "charge",
        explicit_id: false,
        values: &values,
        origin: Origin::Program,
    };
    let report = load("").unwrap().listener(&attributes).unwrap_err();
    let report = report.to_string();
    for part in [
        "quarantine",
        "may have several readers",
        "read whole topics",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
}

#[test]
fn what_is_no_limit_is_refused_where_it_stands() {
    let text = "[kafka.listener]\ntimeout = '0s'\nrate-limit = 'fast'\nbreaker.window = 1\n";
    let report = load(text).unwrap_err().to_string();
    for part in [
        "application.toml:2:11",
        "must be longer than 0",
        "application.toml:3:14",
        "100/s",
        "application.toml:4:18",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
}

/// The property of a listener, over a heartbeat that is but a default.
fn heartbeat(text: &str) -> Option<String> {
    let builder = Config::builder().set_default("kafka.consumer.heartbeat-interval", "100ms");
    let config = builder.toml_str("application.toml", text).build().unwrap();
    let listener = resolve(&config, "charge", &BASIC);
    let property = listener.consumer_properties.get("heartbeat.interval.ms");
    property.map(str::to_owned)
}

#[test]
fn a_programs_default_yields_to_settings_and_to_the_brokers_own_decision() {
    assert_eq!(heartbeat("").as_deref(), Some("100"));
    let set = "[kafka.consumer]\nheartbeat-interval = '2s'\n";
    assert_eq!(heartbeat(set).as_deref(), Some("2000"));
    let same_thing = "[kafka.consumer.properties]\nheartbeat.interval.ms = 700\n";
    assert_eq!(heartbeat(same_thing).as_deref(), Some("700"));
    let brokers = "[kafka.listeners.charge.properties]\ngroup.protocol = 'consumer'\n";
    assert_eq!(heartbeat(brokers), None);
}
