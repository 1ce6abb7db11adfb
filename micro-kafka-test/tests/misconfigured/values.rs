//! Single values and keys: 1 to 6, 8 to 11, 14 to 16.

use micro_kafka::config::Config;

use super::{accepted, refused, refused_by};

fn servers(servers: &str, reason: &str) {
    let settings = format!("[kafka]\nbootstrap-servers = {servers}\n");
    refused(
        &settings,
        &format!("2:21: kafka.bootstrap-servers: {reason}"),
    );
}

#[test]
fn case_01_no_server_at_all() {
    servers("''", "must not be empty");
    servers("[]", "must not be empty");
    servers(
        "'a:1,'",
        "a server is missing: write host:port, with commas between servers",
    );
}

#[test]
fn case_02_a_host_without_a_port() {
    servers("'kafka'", "\"kafka\" has no port: write \"kafka:9092\"");
}

#[test]
fn case_03_ports_that_are_none() {
    for port in ["0", "65536", "-1", "x"] {
        let reason = format!("\"kafka:{port}\": \"{port}\" is not a port from 1 to 65535");
        servers(&format!("'kafka:{port}'"), &reason);
    }
}

#[test]
fn case_04_an_ipv6_address_without_brackets() {
    let reason = "\"::1:9092\": an IPv6 address needs brackets, for example \"[::1]:9092\"";
    servers("'::1:9092'", reason);
    accepted("[kafka]\nbootstrap-servers = '[::1]:9092'\n");
}

#[test]
fn case_05_an_unknown_key_with_the_nearest_one() {
    refused(
        "[kafka.consumer]\ngruop-id = 'billing'\n",
        "2:1: kafka.consumer.gruop-id: unknown key; did you mean \"group-id\"?",
    );
    refused(
        "[kafka.listeners.charge]\nconcurency = 3\n",
        "2:1: kafka.listeners.charge.concurency: unknown key; did you mean \"concurrency\"?",
    );
    refused(
        "[kafka.properties]\nsession.timeot.ms = 6000\n",
        "2:1: kafka.properties.session.timeot.ms: unknown key; did you mean \"session.timeout.ms\"?",
    );
    refused(
        "[kafka.consumer]\nsession.timeout.ms = 6000\n",
        "2:1: kafka.consumer.session: unknown key; librdkafka's session.timeout.ms goes to \
         [kafka.consumer.properties]",
    );
}

#[test]
fn case_06_a_key_in_file_and_environment_is_none_but_twice_in_either_is() {
    let environment = |variables: &[(&'static str, &'static str)]| {
        let file = "[kafka]\nclient-id = 'file'\n";
        let config = Config::builder().toml_str("application.toml", file);
        config.env(variables.iter().copied()).build()
    };
    let config = environment(&[("KAFKA__CLIENT_ID", "environment")]).unwrap();
    assert_eq!(config.kafka().client_id.as_deref(), Some("environment"));
    let origin = config.origin("kafka.client-id").unwrap().to_string();
    assert_eq!(origin, "environment variable KAFKA__CLIENT_ID");
    refused(
        "[kafka]\nclient-id = 'a'\nclient_id = 'b'\n",
        "3:1: client_id: the same key was written before, at application.toml:2:1",
    );
    let twice = environment(&[("KAFKA__CLIENTID", "a"), ("KAFKA__CLIENT_ID", "b")]).unwrap_err();
    let twice = twice.to_string();
    assert!(
        twice.contains("KAFKA__CLIENT_ID") && twice.contains("KAFKA__CLIENTID"),
        "{twice}"
    );
}

#[test]
fn case_08_no_consumer_or_a_billion() {
    for number in ["0", "1_000_000_000"] {
        let shown = number.replace('_', "");
        refused(
            &format!("[kafka.listeners.charge]\nconcurrency = {number}\n"),
            &format!("2:15: kafka.listeners.charge.concurrency: {shown} is not between 1 and 1000"),
        );
    }
}

#[test]
fn case_09_placeholders_that_are_unset_circular_or_open() {
    for (value, reason) in [
        (
            "${TOPIC}",
            "the environment variable TOPIC is not set; for a default write ${TOPIC:...}",
        ),
        (
            "${kafka.client-id}",
            "the placeholder refers to itself: kafka.client-id -> kafka.client-id",
        ),
        (
            "${TOPIC",
            "the placeholder ${TOPIC is never closed; add }, or write $${ for the characters themselves",
        ),
    ] {
        let settings = format!("[kafka]\nclient-id = '{value}'\n");
        refused(&settings, &format!("2:13: kafka.client-id: {reason}"));
    }
}

#[test]
fn case_10_durations_without_a_unit_negative_or_endless() {
    for (value, reason) in [
        (
            "'5'",
            "\"5\": a duration needs a unit: ms, s, m, h or d, for example \"5s\"",
        ),
        (
            "5",
            "5: a duration needs a unit: ms, s, m, h or d, for example \"5s\"",
        ),
        ("'5 sec'", "\"5 sec\": not a duration"),
        ("'-1s'", "\"-1s\": a duration cannot be negative"),
        ("'99999999999999999999s'", "longer than 1,000 years"),
    ] {
        let settings = format!("[kafka]\nshutdown-timeout = {value}\n");
        refused_by(&settings, "2:20: kafka.shutdown-timeout: ", reason);
    }
}

#[test]
fn case_11_endless_attempts_with_waits_that_double_are_bounded_and_taken() {
    let settings = "[kafka.listener.retry]\nattempts = 4294967295\nbackoff = '1s..5m x2'\n";
    let config = accepted(settings);
    assert_eq!(config.kafka().listener.retry.attempts, Some(u32::MAX));
    let back_off = config.kafka().listener.retry.backoff.unwrap();
    assert_eq!(back_off.delay(u32::MAX).as_secs(), 300);
    refused(
        "[kafka.listener.retry]\nattempts = 4294967296\n",
        "2:12: kafka.listener.retry.attempts: 4294967296 is not between 1 and 4294967295",
    );
    refused_by(
        "[kafka.producer]\nretries = 4294967295\n",
        "2:11: kafka.producer.retries: ",
        "is not between 0 and 2147483647",
    );
}

#[test]
fn case_14_groups_that_are_empty_long_or_on_two_lines() {
    for (group, reason) in [
        ("", "a group id must not be empty".to_owned()),
        (
            &*"x".repeat(300),
            "a group id has at most 255 characters, this one 300".to_owned(),
        ),
        (
            "a\\nb",
            "a group id must not hold control characters: \"a\\nb\"".to_owned(),
        ),
    ] {
        refused(
            &format!("[kafka.consumer]\ngroup-id = \"{group}\"\n"),
            &format!("2:12: kafka.consumer.group-id: {reason}"),
        );
    }
}

#[test]
fn case_15_topics_that_no_broker_takes() {
    for (topic, reason) in [
        (".", "\".\" cannot be a topic's name"),
        ("..", "\"..\" cannot be a topic's name"),
        (
            &*"x".repeat(250),
            "a topic's name has at most 249 characters, this one 250",
        ),
        (
            "a/b",
            "\"a/b\" cannot be a topic's name: '/' is not a letter (a-z, A-Z), digit, dot, - or _",
        ),
        (
            "größe",
            "\"größe\" cannot be a topic's name: 'ö' is not a letter (a-z, A-Z), digit, dot, - or _",
        ),
    ] {
        refused(
            &format!("[kafka.listeners.charge]\ntopics = '{topic}'\n"),
            &format!("2:10: kafka.listeners.charge.topics: {reason}"),
        );
        let declared = format!("[kafka.topics.'{topic}']\npartitions = 1\n");
        refused_by(&declared, "1:", &format!("kafka.topics.{topic}: {reason}"));
    }
}

#[test]
fn case_16_passwords_with_quotes_and_braces_are_taken_and_with_a_nul_are_not_and_none_is_shown() {
    let login = "[kafka.security]\nprotocol = 'sasl-plaintext'\nallow-plaintext-credentials = true\n\
                 [kafka.sasl]\nmechanism = 'PLAIN'\nusername = 'me'\n";
    let config = accepted(&format!("{login}password = \"a'\\\"}}{{$${{x\"\n"));
    let shared = config.shared_properties();
    assert_eq!(shared.get("sasl.password"), Some("a'\"}{${x"));
    let shown = format!("{shared:?}{config:?}{}", config.explain());
    assert!(!shown.contains("a'\""), "{shown}");
    let settings = format!("{login}password = \"hunter\\u00002\"\n");
    refused_by(&settings, "7:12: kafka.sasl.password: ", "NUL character");
    assert!(!super::report(&settings).contains("hunter"));
}
