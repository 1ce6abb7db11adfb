//! What is wrong at boot is told at once, each with its place and a way out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod asking;

use micro_kafka::KafkaApp;
use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[derive(Debug, Clone)]
struct Gateway;

const CHARGE: u32 = line!() + 1;
#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(State(_gateway): State<Gateway>) {}

const GROUPLESS: u32 = line!() + 1;
#[kafka_listener(topics = "orders")]
async fn groupless() {}

const HASTY: u32 = line!() + 1;
#[kafka_listener(topics = "orders", group_id = "billing")]
async fn hasty(ack: Acknowledgment) {
    ack.acknowledge();
}

const SILENT: u32 = line!() + 1;
#[kafka_listener(topics = "orders", group_id = "billing", ack_mode = "manual")]
async fn silent() {}

mod twins {
    use micro_kafka::prelude::*;

    pub(super) const ONE: u32 = line!() + 1;
    #[kafka_listener(id = "twin", topics = "orders")]
    pub(super) async fn one() {}

    pub(super) const OTHER: u32 = line!() + 1;
    #[kafka_listener(id = "twin", topics = "orders")]
    pub(super) async fn other() {}
}

/// A function without the attribute.
async fn plain() {}

fn place(line: u32) -> String {
    format!("{}:{line}", file!())
}

fn assert_reported(report: &str, problems: &[(String, &str)]) {
    for (place, text) in problems {
        let found = report
            .lines()
            .any(|line| line.contains(place.as_str()) && line.contains(text));
        assert!(found, "no line with `{place}` and `{text}`:\n{report}");
    }
    let lines = report.lines().count() - 1;
    assert_eq!(lines, problems.len(), "{report}");
}

#[kafka_test(topics = ["orders"])]
async fn everything_that_is_wrong_is_told_at_once_with_its_place(kafka: EmbeddedKafka) {
    let settings = "[kafka.listeners.chrage]\nconcurrency = 2\n\
                    [kafka.listeners.silent]\nconcurrency = 'three'\n";
    let app = kafka
        .app()
        .listener(charge)
        .listener(groupless)
        .listener(hasty);
    let app = app
        .listener(silent)
        .listener(twins::one)
        .listener(twins::other);
    let app = app.listener(plain).require_listeners(["missing"]);
    let error = app.config(settings).try_start().await.unwrap_err();
    let settings = |place: &str| format!("the test's settings:{place}");
    assert_reported(
        &error.to_string(),
        &[
            (settings("1:18"), "did you mean \"charge\"?"),
            (settings("4:15"), "expected a whole number, found \"three\""),
            (
                place(CHARGE),
                "listener `charge`: no value for `State<boot::Gateway>`",
            ),
            (place(GROUPLESS), "set group_id in the attribute"),
            (place(HASTY), "an `Acknowledgment` needs ack mode `manual`"),
            (place(SILENT), "no argument is an `Acknowledgment`"),
            (
                place(twins::OTHER),
                &format!("`twin` is taken by the one at {}", place(twins::ONE)),
            ),
            (String::new(), "plain` has no `#[kafka_listener]` attribute"),
            (
                String::new(),
                "listener `missing` is required but not linked",
            ),
        ],
    );
}

#[kafka_test(topics = ["orders"])]
async fn nothing_is_started_when_something_is_wrong(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(twins::one).listener(groupless);
    app.try_start().await.unwrap_err();
    let topics = kafka
        .admin()
        .partition_counts(&["orders-dlt"])
        .await
        .unwrap();
    assert_eq!(
        topics["orders-dlt"], None,
        "the dead-letter topic was created"
    );
}

#[kafka_test(topics = ["orders"])]
async fn a_topic_that_would_be_its_own_dead_letter_topic_is_refused(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(twins::one);
    let app = app.set("kafka.listeners.twin.dead-letter-topic", "orders");
    let report = app.try_start().await.unwrap_err().to_string();
    assert!(
        report.contains("the listener reads \"orders\" itself"),
        "{report}"
    );
}

#[tokio::test]
async fn a_current_thread_runtime_is_refused() {
    let config = Config::builder().build().unwrap();
    let app = KafkaApp::builder().config(config).listener(twins::one);
    let error = app.build().unwrap().start().await.unwrap_err();
    assert!(
        error.to_string().contains("multi-thread tokio runtime"),
        "{error}"
    );
}

#[test]
fn without_a_runtime_the_start_says_so() {
    let config = Config::builder().build().unwrap();
    let app = KafkaApp::builder().config(config).listener(twins::one);
    let start = Box::pin(app.build().unwrap().start());
    let error = futures_util::FutureExt::now_or_never(start).unwrap();
    assert!(error.unwrap_err().to_string().contains("#[tokio::main]"));
}

#[test]
fn debug_of_an_error_is_its_report_since_main_prints_it() {
    let config = Config::builder().build().unwrap();
    let error = KafkaApp::builder().config(config).listener(groupless);
    let error = error.build().unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
    assert!(
        error
            .to_string()
            .starts_with("the application cannot start, 1 problem:")
    );
}

#[kafka_listener(topics = "nowhere", group_id = "billing", id = "lost")]
async fn lost(_order: &str) {}

#[kafka_test]
async fn a_missing_topic_keeps_an_application_from_starting_if_it_should(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(lost);
    let app = app.set("kafka.listeners.lost.missing-topics-fatal", true);
    let error = app.try_start().await.expect_err("it started");
    let report = error.to_string();
    assert!(report.contains("listener `lost`: the topic `"), "{report}");
    assert!(
        report.contains("nowhere` does not exist; create it"),
        "{report}"
    );
}
