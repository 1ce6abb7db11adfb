//! All mistakes in one report.

use super::{Config, load, refused};

const SIX_MISTAKES: &str = r#"[kafka]
bootstrap-servers = "localhost"

[kafka.consumer]
concurency = 3
auto-offset-reset = "earlyest"

[kafka.listeners.charge]
ack_mode = true
revoke-drain = "10"

[kafka.producer.properties]
session.timeot.ms = 6000
"#;

const REPORT: &str = r#"6 mistakes in the configuration:
  application.toml:2:21: kafka.bootstrap-servers: "localhost" has no port: write "localhost:9092"
  application.toml:5:1: kafka.consumer.concurency: unknown key; CONCURENCY
  application.toml:6:21: kafka.consumer.auto-offset-reset: expected one of "earliest", "latest", "none", found "earlyest"; did you mean "earliest"?
  application.toml:9:12: kafka.listeners.charge.ack-mode: expected one of "record", "batch", "time", "count", "count-time", "manual", "manual-immediate", found true
  application.toml:10:16: kafka.listeners.charge.revoke-drain: "10": a duration needs a unit: ms, s, m, h or d, for example "10s"
  application.toml:13:1: kafka.producer.properties.session.timeot.ms: unknown key; did you mean "session.timeout.ms"?"#;

#[test]
fn six_mistakes_make_one_report_with_places_and_suggestions() {
    let advice = "did you mean \"concurrency\" of [kafka.listener]?";
    assert_eq!(refused(SIX_MISTAKES), REPORT.replace("CONCURENCY", advice));
}

#[test]
fn debug_is_the_report_since_main_prints_it() {
    let errors = load(SIX_MISTAKES).unwrap_err();
    assert_eq!(format!("{errors:?}"), errors.to_string());
    assert_eq!(errors.iter().count(), 6);
}

#[test]
fn mistakes_of_files_environment_and_program_come_together() {
    let errors = Config::builder()
        .toml_str("a.toml", "[kafka]\nclient-ids = 'x'\n")
        .toml_str("b.toml", "[mine]\nurl = '${NO_URL}'\n")
        .env([("KAFKA__LISTENER__CONCURRENCY", "many")])
        .set("kafka.shutdown-timeout", "soon")
        .build()
        .unwrap_err();
    let report = errors.to_string();
    for part in [
        "a.toml:2:1: kafka.client-ids: unknown key; did you mean \"client-id\"?",
        "b.toml:2:7: mine.url: the environment variable NO_URL is not set",
        "environment variable KAFKA__LISTENER__CONCURRENCY: kafka.listener.concurrency: expected a whole number, found \"many\"",
        "set by the program: kafka.shutdown-timeout: \"soon\": not a duration",
    ] {
        assert!(report.contains(part), "{report}\nlacks {part}");
    }
    assert_eq!(errors.iter().count(), 4, "{report}");
}

#[test]
fn a_key_like_no_other_gets_the_list() {
    let report = refused("[kafka.listeners.charge.retry]\nzzz = 1\n");
    assert!(report.contains("valid keys: attempts, backoff"), "{report}");
}

#[test]
fn a_property_beside_the_settings_is_led_to_its_table() {
    let report = refused("[kafka.consumer]\nsession.timeout.ms = 6000\n");
    let advice = "librdkafka's session.timeout.ms goes to [kafka.consumer.properties]";
    assert!(report.contains(advice), "{report}");
    let report = refused("[kafka]\n'socket.timeout.ms' = 6000\n");
    assert!(report.contains("goes to [kafka.properties]"), "{report}");
}
