//! Properties that exclude each other: found at boot, where librdkafka would find one at a time.

use super::property_check::{KERBEROS, MissingPart, OPENSSL};
use super::security::credentials_in_the_clear;
use super::{ConfigError, Origin, Properties};
use rdkafka::config::ClientConfig;

/// What librdkafka does when a property is not set.
const SESSION_TIMEOUT: i64 = 45_000;
const MAX_POLL_INTERVAL: i64 = 300_000;
const HEARTBEAT_INTERVAL: i64 = 3_000;
const MESSAGE_MAX_BYTES: i64 = 1_000_000;
const FETCH_MAX_BYTES: i64 = 52_428_800;
const RECONNECT_BACKOFF: i64 = 100;
const RECONNECT_BACKOFF_MAX: i64 = 10_000;
const MESSAGE_TIMEOUT: i64 = 300_000;
const PROTOCOL_OVERHEAD: i64 = 512;

/// What a consumer may not set where the broker assigns (KIP-848).
pub(crate) const BROKERS_AFFAIR: [&str; 4] = [
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "partition.assignment.strategy",
    "group.protocol.type",
];

/// Whether passwords and tokens may go over connections that are not encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AllowedInTheClear(pub(crate) bool);

/// The checks of one client; every conflict is located at what the user wrote.
struct Checks<'p> {
    properties: &'p Properties,
    allowed: AllowedInTheClear,
    conflicts: Vec<ConfigError>,
}

/// What excludes what in a consumer.
pub(crate) fn consumer_conflicts(
    properties: &Properties,
    allowed: AllowedInTheClear,
) -> Vec<ConfigError> {
    let mut checks = Checks::new(properties, allowed);
    checks.connection();
    checks.group_membership();
    checks.fetch_sizes();
    checks.conflicts
}

/// What excludes what in a producer.
pub(crate) fn producer_conflicts(
    properties: &Properties,
    allowed: AllowedInTheClear,
) -> Vec<ConfigError> {
    let mut checks = Checks::new(properties, allowed);
    checks.connection();
    if checks.is("enable.idempotence", true) {
        checks.idempotence();
    } else if checks.is("enable.gapless.guarantee", true) {
        let names = ["enable.gapless.guarantee", "enable.idempotence"];
        checks.conflict(
            &names,
            "enable.gapless.guarantee needs enable.idempotence = true",
        );
    }
    checks.linger();
    checks.conflicts
}

/// What excludes transactions in a producer that has a prefix of transactional ids.
pub(crate) fn transactional_conflict(properties: &Properties) -> Option<ConfigError> {
    let mut checks = Checks::new(properties, AllowedInTheClear(true));
    if checks.is("enable.idempotence", true) {
        return None;
    }
    let reason =
        "transactions need the idempotent producer, which enable.idempotence = false gives up";
    checks.conflict(&["enable.idempotence"], reason);
    let error = checks.conflicts.pop()?;
    Some(error.hint("leave it out, or transaction-id-prefix"))
}

impl<'p> Checks<'p> {
    fn new(properties: &'p Properties, allowed: AllowedInTheClear) -> Self {
        Self {
            properties,
            allowed,
            conflicts: Vec::new(),
        }
    }

    fn number(&self, name: &str, default: i64) -> i64 {
        let value = self.properties.get(name);
        value.and_then(|v| v.trim().parse().ok()).unwrap_or(default)
    }

    fn is(&self, name: &str, wanted: bool) -> bool {
        let value = self.properties.get(name).unwrap_or_default();
        let yes = ["true", "t", "1"];
        let set = yes.iter().any(|word| value.eq_ignore_ascii_case(word));
        set == wanted
    }

    /// Reports at the first of these properties that the user set.
    fn conflict(&mut self, names: &[&str], reason: impl Into<String>) {
        let written = names.iter().find_map(|name| {
            let origin = self.properties.origin(name)?;
            (*origin != Origin::Default).then_some((name, origin))
        });
        let error = ConfigError::conflict(reason);
        self.conflicts.push(match written {
            Some((name, origin)) => error.key(*name).at(origin),
            None => error.key(names.first().copied().unwrap_or_default()),
        });
    }

    fn connection(&mut self) {
        let wait = self.number("reconnect.backoff.ms", RECONNECT_BACKOFF);
        let longest = self.number("reconnect.backoff.max.ms", RECONNECT_BACKOFF_MAX);
        if longest < wait {
            let reason = format!(
                "reconnect.backoff.max.ms ({longest}) must be at least reconnect.backoff.ms ({wait})"
            );
            self.conflict(
                &["reconnect.backoff.max.ms", "reconnect.backoff.ms"],
                reason,
            );
        }
        self.security();
    }

    fn security(&mut self) {
        let protocol = self.properties.get("security.protocol").unwrap_or_default();
        if !protocol.to_ascii_lowercase().starts_with("sasl") {
            return;
        }
        let mechanism = self.properties.get("sasl.mechanism").unwrap_or("GSSAPI");
        let mechanism = mechanism.to_ascii_uppercase();
        let (feature, part) = match mechanism.as_str() {
            "GSSAPI" => ("sasl_gssapi", KERBEROS),
            "OAUTHBEARER" => ("sasl_oauthbearer", OPENSSL),
            scram if scram.starts_with("SCRAM-") => ("sasl_scram", OPENSSL),
            _ => ("sasl_plain", OPENSSL),
        };
        if !has_feature(feature) {
            self.missing_part(&mechanism, part);
        }
        if !self.allowed.0 {
            self.conflicts
                .extend(credentials_in_the_clear(self.properties));
        }
    }

    fn missing_part(&mut self, mechanism: &str, part: MissingPart) {
        let names = ["sasl.mechanism", "security.protocol"];
        let reason = format!("the mechanism {mechanism} needs {}", part.what);
        self.conflict(&names, reason);
        if let Some(error) = self.conflicts.pop() {
            let unset = self.properties.get("sasl.mechanism").is_none();
            let advice = match unset {
                true => format!(
                    "set sasl.mechanism (the default is GSSAPI), or {}",
                    part.advice
                ),
                false => part.advice.to_owned(),
            };
            self.conflicts.push(error.hint(advice));
        }
    }

    fn group_membership(&mut self) {
        let protocol = self.properties.get("group.protocol").unwrap_or("classic");
        if protocol.eq_ignore_ascii_case("consumer") {
            for name in BROKERS_AFFAIR {
                if self.properties.get(name).is_some() {
                    let reason = format!(
                        "{name} is the broker's affair with group.protocol = consumer: leave it out"
                    );
                    self.conflict(&[name, "group.protocol"], reason);
                }
            }
            return;
        }
        let session = self.number("session.timeout.ms", SESSION_TIMEOUT);
        let poll = self.number("max.poll.interval.ms", MAX_POLL_INTERVAL);
        let heartbeat = self.number("heartbeat.interval.ms", HEARTBEAT_INTERVAL);
        if session > poll {
            let reason = format!(
                "session.timeout.ms ({session}) must not be longer than max.poll.interval.ms ({poll})"
            );
            self.conflict(&["session.timeout.ms", "max.poll.interval.ms"], reason);
        }
        if heartbeat >= session {
            let reason = format!(
                "heartbeat.interval.ms ({heartbeat}) must be shorter than session.timeout.ms ({session}), best a third of it"
            );
            self.conflict(&["heartbeat.interval.ms", "session.timeout.ms"], reason);
        }
    }

    fn fetch_sizes(&mut self) {
        let message = self.number("message.max.bytes", MESSAGE_MAX_BYTES);
        let fetch = self.number("fetch.max.bytes", FETCH_MAX_BYTES);
        if self.properties.get("fetch.max.bytes").is_some() && fetch < message {
            let reason =
                format!("fetch.max.bytes ({fetch}) must be at least message.max.bytes ({message})");
            self.conflict(&["fetch.max.bytes", "message.max.bytes"], reason);
        }
        let needed = fetch.max(message) + PROTOCOL_OVERHEAD;
        if self.number("receive.message.max.bytes", i64::MAX) < needed {
            let reason = format!(
                "receive.message.max.bytes must be at least fetch.max.bytes + {PROTOCOL_OVERHEAD}, which is {needed}"
            );
            self.conflict(&["receive.message.max.bytes", "fetch.max.bytes"], reason);
        }
    }

    fn idempotence(&mut self) {
        const OFF: &str =
            "or give up idempotence by enable.idempotence = false in [kafka.producer.properties]";
        let acks = self.properties.get("acks").unwrap_or("all");
        if !matches!(acks, "all" | "-1") {
            let reason = format!(
                "acks = {acks} excludes the idempotent producer: set acks = \"all\", {OFF}"
            );
            self.conflict(&["acks", "enable.idempotence"], reason);
        }
        if self.number("max.in.flight", 1) > 5 {
            let reason = format!(
                "the idempotent producer has at most 5 requests in flight: set max.in.flight to 5 or less, {OFF}"
            );
            self.conflict(&["max.in.flight", "enable.idempotence"], reason);
        }
        if self.number("retries", 1) < 1 {
            let reason =
                format!("the idempotent producer must retry: set retries to 1 or more, {OFF}");
            self.conflict(&["retries", "enable.idempotence"], reason);
        }
        if self.number("queue.buffering.backpressure.threshold", 1) > 1 {
            let reason = format!(
                "the idempotent producer needs queue.buffering.backpressure.threshold = 1, {OFF}"
            );
            self.conflict(
                &[
                    "queue.buffering.backpressure.threshold",
                    "enable.idempotence",
                ],
                reason,
            );
        }
        let queuing = self.properties.get("queuing.strategy").unwrap_or("fifo");
        if !queuing.eq_ignore_ascii_case("fifo") {
            let reason = format!("the idempotent producer needs queuing.strategy = fifo, {OFF}");
            self.conflict(&["queuing.strategy", "enable.idempotence"], reason);
        }
    }

    fn linger(&mut self) {
        let linger = self
            .properties
            .get("linger.ms")
            .and_then(|v| v.trim().parse::<f64>().ok());
        let timeout = self.number("message.timeout.ms", MESSAGE_TIMEOUT);
        let timeout_seconds = u32::try_from(timeout).map(f64::from).unwrap_or(f64::MAX);
        if timeout != 0 && linger.is_some_and(|linger| timeout_seconds <= linger) {
            let reason = format!(
                "message.timeout.ms ({timeout}) must be longer than linger.ms: records would expire before they are sent"
            );
            self.conflict(&["message.timeout.ms", "linger.ms"], reason);
        }
    }
}

/// Whether librdkafka was built with this.
pub(crate) fn has_feature(feature: &str) -> bool {
    let native = ClientConfig::new().create_native_config();
    let features = native.and_then(|native| native.get("builtin.features"));
    features.is_ok_and(|all| all.split(',').any(|f| f.trim() == feature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::consumer::BaseConsumer;
    use rdkafka::producer::BaseProducer;

    fn properties(pairs: &[(&str, &str)]) -> Properties {
        let mut properties = Properties::new();
        for (name, value) in pairs {
            properties.set(name, *value, Origin::Program);
        }
        properties
    }

    fn native(properties: &Properties) -> ClientConfig {
        let pairs = properties.iter();
        pairs
            .map(|(name, value, _)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn what_librdkafka_refuses_in_a_consumer_is_found_before() {
        for pairs in [
            &[
                ("session.timeout.ms", "60000"),
                ("max.poll.interval.ms", "50000"),
            ][..],
            &[
                ("group.protocol", "consumer"),
                ("session.timeout.ms", "6000"),
            ],
            &[
                ("group.protocol", "consumer"),
                ("heartbeat.interval.ms", "6000"),
            ],
            &[
                ("group.protocol", "consumer"),
                ("partition.assignment.strategy", "range"),
            ],
            &[("fetch.max.bytes", "5000"), ("message.max.bytes", "6000")],
            &[
                ("fetch.max.bytes", "5000000"),
                ("receive.message.max.bytes", "5000100"),
            ],
            &[
                ("reconnect.backoff.max.ms", "5"),
                ("reconnect.backoff.ms", "20"),
            ],
            &[
                ("security.protocol", "sasl_plaintext"),
                ("sasl.mechanism", "SCRAM-SHA-256"),
            ],
            &[("security.protocol", "sasl_plaintext")],
        ] {
            let mut properties = properties(pairs);
            properties.set_default("group.id", "g");
            let conflicts = consumer_conflicts(&properties, AllowedInTheClear(false));
            if pairs[0].0 == "security.protocol" && has_feature("sasl_scram") {
                continue;
            }
            assert_eq!(conflicts.len(), 1, "{pairs:?}: {conflicts:?}");
            assert!(conflicts[0].origin().is_some(), "{conflicts:?}");
            assert!(
                native(&properties).create::<BaseConsumer>().is_err(),
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn what_librdkafka_refuses_in_a_producer_is_found_before() {
        for (name, value) in [
            ("acks", "1"),
            ("acks", "0"),
            ("max.in.flight", "6"),
            ("retries", "0"),
            ("queue.buffering.backpressure.threshold", "2"),
            ("queuing.strategy", "lifo"),
        ] {
            let mut properties = properties(&[(name, value)]);
            properties.set_default("enable.idempotence", "true");
            let conflicts = producer_conflicts(&properties, AllowedInTheClear(false));
            assert_eq!(conflicts.len(), 1, "{name}: {conflicts:?}");
            assert!(
                native(&properties).create::<BaseProducer>().is_err(),
                "{name}"
            );

            properties.set("enable.idempotence", "false", Origin::Program);
            assert!(
                producer_conflicts(&properties, AllowedInTheClear(false)).is_empty(),
                "{name}"
            );
            assert!(
                native(&properties).create::<BaseProducer>().is_ok(),
                "{name}"
            );
        }
        let late = properties(&[("message.timeout.ms", "100"), ("linger.ms", "100")]);
        assert_eq!(producer_conflicts(&late, AllowedInTheClear(false)).len(), 1);
        assert!(native(&late).create::<BaseProducer>().is_err());
    }

    #[test]
    fn a_heartbeat_as_long_as_the_session_is_refused() {
        let pairs = [
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "6000"),
        ];
        let conflicts = consumer_conflicts(&properties(&pairs), AllowedInTheClear(false));
        assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    }
}
