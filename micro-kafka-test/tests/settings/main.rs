//! What a listener runs with, and where it comes from.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use micro_kafka::KafkaApp;
use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// Topic, group's offset and payload as a handler saw them.
type Seen = Journal<(String, String)>;

#[kafka_listener(
    topics = "${orders.topic:orders}",
    group_id = "${orders.group:billing}"
)]
async fn charge(order: &str, meta: Meta, State(seen): State<Seen>) {
    seen.note((meta.topic().to_owned(), order.to_owned()));
}

fn pair(topic: &str, payload: &str) -> (String, String) {
    (topic.to_owned(), payload.to_owned())
}

#[kafka_test(topics = ["orders", "orders-eu"])]
async fn a_placeholder_takes_its_value_from_the_settings_or_its_default(kafka: EmbeddedKafka) {
    let seen = Seen::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(seen.clone())
        .start()
        .await;
    kafka.send("orders", "a").await;
    app.listener("charge").settled().await.assert_handled(1);
    app.stop().await;
    let settings = "[orders]\ntopic = 'orders-eu'\ngroup = '${GROUP}'\n";
    let app = kafka
        .app()
        .listener(charge)
        .state(seen.clone())
        .config(settings);
    let app = app
        .configure(|layers| layers.env([("GROUP", "billing-eu")]))
        .start()
        .await;
    kafka.send("orders-eu", "b").await;
    app.listener("charge").settled().await.assert_handled(1);
    assert_eq!(
        seen.entries(),
        [pair("orders", "a"), pair("orders-eu", "b")]
    );
    kafka
        .group("billing-eu")
        .assert_committed("orders-eu", [(0, 1)])
        .await;
}

#[kafka_test(topics = ["orders", "orders-eu"])]
async fn every_value_of_the_attribute_gives_way_to_the_environment(kafka: EmbeddedKafka) {
    let seen = Seen::new();
    let app = kafka.app().listener(charge).state(seen.clone());
    let app = app.config("[kafka.listeners.charge]\ntopics = 'nowhere'\nconcurrency = 2\n");
    let variables = [
        ("KAFKA__LISTENERS__CHARGE__TOPICS", "orders, orders-eu"),
        ("KAFKA__LISTENERS__CHARGE__GROUP_ID", "both"),
        ("KAFKA_PORT", "tcp://10.0.0.1:9092"),
    ];
    let app = app.configure(|layers| layers.env(variables)).start().await;
    assert_eq!(app.listener("charge").endpoint().concurrency, 2);
    kafka.send("orders", "a").await;
    app.listener("charge").settled().await;
    kafka.send("orders-eu", "b").await;
    app.listener("charge").settled().await.assert_handled(2);
    assert_eq!(
        seen.entries(),
        [pair("orders", "a"), pair("orders-eu", "b")]
    );
    kafka
        .group("both")
        .assert_committed("orders-eu", [(0, 1)])
        .await;
}

/// A folder that ends with the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = path.join(format!("settings-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            std::fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[kafka_test(topics = ["orders-eu"])]
async fn a_profile_lies_over_the_file_and_under_the_environment(kafka: EmbeddedKafka) {
    let folder = Folder::new(&[
        (
            "application.toml",
            "[kafka.listeners.charge]\ntopics = ['orders']\ngroup-id = 'file'\nconcurrency = 3\n",
        ),
        (
            "application-eu.toml",
            "[kafka.listeners.charge]\ntopics = ['orders-eu']\ngroup-id = 'profile'\n",
        ),
    ]);
    let seen = Seen::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(seen.clone())
        .configure(|layers| {
            let variables = [("KAFKA__LISTENERS__CHARGE__GROUP_ID", "environment")];
            layers.dir(&folder.0).profile("eu").env(variables)
        });
    let app = app.start().await;
    let listener = app.listener("charge");
    let endpoint = listener.endpoint();
    assert_eq!(endpoint.concurrency, 3);
    assert_eq!(endpoint.topics, [kafka.wire_name("orders-eu")]);
    assert_eq!(&*endpoint.group_id, kafka.wire_name("environment"));
    kafka.send("orders-eu", "a").await;
    app.listener("charge").settled().await.assert_handled(1);
    assert_eq!(seen.entries(), [pair("orders-eu", "a")]);
}

#[kafka_test]
async fn namespaces_keep_topics_groups_and_dead_letters_apart(kafka: EmbeddedKafka) {
    let mut apps = Vec::new();
    for side in ["left", "right"] {
        let namespace = kafka.wire_name(side);
        kafka.create_topic(&format!("{side}.orders"), 1).await;
        let config = Config::builder()
            .set("kafka.bootstrap-servers", kafka.bootstrap_servers())
            .set("kafka.namespace", namespace)
            .set("kafka.consumer.heartbeat-interval", "100ms")
            .set("kafka.listeners.refuse.retry.attempts", 1)
            .build()
            .unwrap();
        let seen = Seen::new();
        let app = KafkaApp::builder().config(config).state(seen.clone());
        let app = app.listener(charge).listener(refuse).build().unwrap();
        apps.push((side, seen, app.start().await.unwrap()));
    }
    for (side, seen, app) in &apps {
        app.template().send("orders", *side).await.unwrap();
        // What the handler sees has no namespace.
        assert_eq!(seen.reaches(1).await, [pair("orders", side)]);
    }
    for (side, seen, app) in &apps {
        kafka.records(&format!("{side}.orders-dlt"), 1).await;
        kafka
            .dlt(&format!("{side}.orders"))
            .assert_one(|letter| letter.record().payload() == Some(side.as_bytes()));
        app.quiet().await;
        assert_eq!(seen.entries().len(), 1, "{side} saw the other's record");
        let group = format!("{side}.billing");
        let committed = kafka.committed(&group, &format!("{side}.orders")).await;
        assert_eq!(committed[&0], 1);
    }
    for (_, _, app) in &apps {
        app.stop().await;
    }
}

#[kafka_listener(topics = "orders", group_id = "refusing")]
async fn refuse() -> Result<(), std::io::Error> {
    Err(std::io::Error::other("no"))
}
