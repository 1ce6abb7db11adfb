//! Time limits, rates, breakers; and what the broker decides.

use std::time::Duration;

use super::load;
use crate::config::{Config, ListenerAttributes, Origin, ResolvedListener};
use crate::error::BackOff;
use crate::listener::BreakerSpec;

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
