//! A canary: secrets and what payloads hold, in every place that an application has for them. Whatever
//! happens to it, nothing that it logs, says or writes shows one of them.
//!
//! With `MICRO_KAFKA_SECURED` (see `secured`) also on a Kafka where clients log in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod log;
mod login;

use std::fmt::Write as _;
use std::time::Duration;

use micro_kafka::KafkaApp;
use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

use self::log::Log;

/// A part of every secret.
const CANARY: &str = "canary7f3a9c";

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "read to see whether it can be")]
struct Order {
    id: u64,
    card: String,
}

/// What the application holds itself; `Debug` would show it.
#[derive(Debug, Clone)]
struct Vault(#[allow(dead_code, reason = "held to be shown if anything shows it")] String);

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(Json(order): Json<Order>, State(_vault): State<Vault>) -> Result<(), String> {
    match order.id {
        1 => Ok(()),
        2 => Err("the gateway is away".to_owned()),
        _ => panic!("a bug"),
    }
}

/// A folder with secrets in files.
struct Secrets(std::path::PathBuf);

impl Secrets {
    fn new() -> Self {
        let name = format!("canary-{}", std::process::id());
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(folder.join("tree/shop")).unwrap();
        let write = |name: &str| {
            std::fs::write(folder.join(name), format!("{CANARY}-{}\n", name.len())).unwrap();
        };
        write("sasl");
        write("tree/shop/api-token");
        write("tree/kafka.schema-registry.password");
        Self(folder)
    }

    /// A secret in every place that takes one where nobody logs in.
    fn settings(&self) -> String {
        let folder = self.0.display();
        format!(
            "[kafka.config]\nimport = 'configtree:{folder}/tree'\n\
             [kafka]\nclient-id = 'shop'\n\
             [kafka.properties]\nsasl.password = {{ file = '{folder}/sasl' }}\nsasl.username = '${{DB_PASSWORD}}'\n\
             debug = 'all'\n\
             [kafka.schema-registry]\nurl = 'http://localhost:1'\nusername = 'shop'\n\
             [kafka.listener]\nretry = {{ attempts = 2, backoff = '1ms' }}\nspans = true\n\
             [shop]\npassword = '{CANARY}-own'\nnote = 'x${{DB_PASSWORD}}'\n"
        )
    }
}

impl Drop for Secrets {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const ENVIRONMENT: [(&str, &str); 2] = [
    ("DB_PASSWORD", "canary7f3a9c-env"),
    (
        "KAFKA__SCHEMA_REGISTRY__BEARER_TOKEN__FILE",
        "/no/such/file",
    ),
];

/// What a payload holds, and a handler's record.
fn payload(id: &str) -> String {
    format!("{{\"id\":{id},\"card\":\"{CANARY}-card\"}}")
}

// No `#[kafka_test]`: that one would take the log itself.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_shows_a_secret_whatever_happens() {
    let log = Log::installed();
    let kafka = EmbeddedKafka::builder().topic("orders", 1).start().await;
    let kafka = kafka.unwrap();
    let secrets = Secrets::new();
    let mut shown = String::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(Vault(format!("{CANARY}-vault")))
        .config(secrets.settings())
        .configure(|layers| layers.env([ENVIRONMENT[0]]))
        .start()
        .await;
    for id in ["1", "2", "3", &format!("\"{CANARY}-id\"")] {
        let sent = kafka.send("orders", payload(id).as_str());
        sent.key(format!("{CANARY}-key")).await;
    }
    let settled = app.listener("charge").settled().await;
    settled.assert_handled(1).assert_dead_lettered(3);
    for letter in kafka.dlt("orders").all() {
        let record = letter.record();
        for header in record.headers() {
            let value = String::from_utf8_lossy(header.value.unwrap_or_default());
            writeln!(shown, "{}={value}", header.name()).unwrap();
        }
        writeln!(shown, "{:?}", letter.failure()).unwrap();
    }
    let listener = app.listener("charge");
    writeln!(
        shown,
        "{:?}\n{:?}\n{:?}",
        app.health(),
        listener.health(),
        listener.endpoint()
    )
    .unwrap();
    writeln!(shown, "{:?}", app.template()).unwrap();
    app.stop().await;

    shown += &refused_settings(&secrets);
    shown += &accepted_settings(&secrets);
    shown += &login_on_a_broker_that_has_none(&kafka).await;
    log.assert_hidden("settings read", &[CANARY], &shown);
}

/// What is told of settings that are wrong.
fn refused_settings(secrets: &Secrets) -> String {
    let wrong = "[kafka.producer]\nacks = 1\nlinger = '${DB_PASSWORD}'\n[kafka.sasl]\npasword = 'canary7f3a9c'\n";
    let config = Config::builder()
        .toml_str("application.toml", secrets.settings() + wrong)
        .env(ENVIRONMENT);
    let errors = config.build().unwrap_err();
    assert!(errors.iter().count() >= 4, "{errors}");
    format!("{errors}\n{errors:?}\n")
}

/// What is told of settings that are right.
fn accepted_settings(secrets: &Secrets) -> String {
    let builder = Config::builder()
        .toml_str("application.toml", secrets.settings())
        .env([ENVIRONMENT[0]])
        .set(
            "kafka.producer.properties.ssl.key.password",
            "canary7f3a9c-key",
        );
    let built = format!("{builder:?}");
    // Without TLS in the build that property is refused.
    let config = match builder.build() {
        Ok(config) => config,
        Err(errors) => return format!("{built}{errors}"),
    };
    let shop: std::collections::BTreeMap<String, String> = config.get("shop").unwrap();
    assert_eq!(shop["api-token"], format!("{CANARY}-19"));
    let error = config.get::<u64>("shop.api-token").unwrap_err();
    format!(
        "{built}{config:?}{}{:?}{:?}{:?}{error}{error:?}",
        config.explain(),
        config.explain(),
        config.producer_properties(),
        config.shared_properties(),
    )
}

/// A client that shows its password to a broker that knows no logins; it is not let in.
async fn login_on_a_broker_that_has_none(kafka: &EmbeddedKafka) -> String {
    let settings = format!(
        "[kafka]\nbootstrap-servers = '{}'\nproperties.debug = 'all'\n\
         producer.properties.message.timeout.ms = 1500\n\
         [kafka.security]\nprotocol = 'sasl-plaintext'\nallow-plaintext-credentials = true\n\
         [kafka.sasl]\nmechanism = 'PLAIN'\nusername = 'me'\npassword = '{CANARY}-login'\n\
         [kafka.listener]\nrecoverer = 'log'\n",
        kafka.bootstrap_servers()
    );
    let config = Config::builder().toml_str("application.toml", settings);
    let app = KafkaApp::builder()
        .config_from(config)
        .listener(charge)
        .state(Vault(format!("{CANARY}-vault")))
        .build()
        .unwrap();
    let mut shown = format!("{app:?}\n");
    let app = app.start().await.unwrap();
    let error = app.template().send("orders", "x").await.unwrap_err();
    writeln!(shown, "{error}\n{error:?}").unwrap();
    let health = login::unwell(&app, Duration::from_secs(60)).await;
    writeln!(shown, "{health:?}\n{app:?}").unwrap();
    drop(app);
    shown
}
