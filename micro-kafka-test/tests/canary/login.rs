//! On a Kafka where clients log in, over TLS.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka::{KafkaApp, RunningApp};
use micro_kafka_test::prelude::*;

use crate::CANARY;
use crate::log::Log;

/// Waits until an application says why it is not well.
pub(crate) async fn unwell(app: &RunningApp, limit: Duration) -> micro_kafka::app::AppHealth {
    let began = Instant::now();
    loop {
        let health = app.health();
        let told = health
            .listeners
            .iter()
            .any(|one| !one.container.reasons.is_empty());
        if told && health.producer.is_some() {
            return health;
        }
        assert!(began.elapsed() < limit, "{health:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[kafka_listener(topics = "orders", group_id = "billing", id = "note")]
async fn note(order: &str, State(orders): State<Journal<String>>) {
    orders.note(order.to_owned());
}

fn app(settings: &str, orders: &Journal<String>) -> KafkaApp {
    let config = Config::builder().toml_str("application.toml", settings);
    let app = KafkaApp::builder().config_from(config).listener(note);
    app.state(orders.clone()).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_taken_and_one_that_is_refused_show_no_password() {
    let Some(file) = std::env::var_os("MICRO_KAFKA_SECURED") else {
        return;
    };
    let log = Log::installed();
    let text = std::fs::read_to_string(file).unwrap();
    let values: HashMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    let (folder, password, key) = (values["dir"], values["password"], values["key-password"]);
    std::fs::write(format!("{folder}/canary"), password).unwrap();
    let mut shown = String::new();
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        let settings = |password: &str| {
            format!(
                "[kafka]\nbootstrap-servers = '{}'\nnamespace = 'canary{}-{mechanism}'\nproperties.debug = 'all'\n\
                 [kafka.security]\nprotocol = 'sasl-ssl'\n\
                 [kafka.ssl]\ntrust-store-certificates = '{folder}/ca.pem'\n\
                 key-store-certificate-chain = '{folder}/alice.pem'\n\
                 key-store-key = {{ file = '{folder}/alice-encrypted.key' }}\nkey-password = '{key}'\n\
                 [kafka.sasl]\nmechanism = '{mechanism}'\nusername = 'alice'\npassword = {password}\n\
                 [kafka.topics.orders]\npartitions = 1\n",
                values["login"],
                std::process::id(),
            )
        };
        let orders = Journal::new();
        let right = app(
            &settings(&format!("{{ file = '{folder}/canary' }}")),
            &orders,
        );
        writeln!(shown, "{right:?}\n{}", right.config().explain()).unwrap();
        let right = right.start().await.unwrap();
        right.template().send("orders", "first").await.unwrap();
        assert_eq!(orders.reaches(1).await, ["first"]);
        writeln!(shown, "{right:?}\n{:?}", right.health()).unwrap();
        right.stop().await;

        let wrong =
            settings(&format!("'{CANARY}-wrong'")) + "[kafka.listener]\nrecoverer = 'log'\n";
        let wrong = app(
            &wrong.replace("[kafka.topics.orders]\npartitions = 1\n", ""),
            &orders,
        );
        let wrong = wrong.start().await.unwrap();
        let sent = wrong
            .template()
            .send("orders", "second")
            .queue()
            .await
            .unwrap();
        let health = unwell(&wrong, Duration::from_secs(60)).await;
        writeln!(shown, "{wrong:?}\n{health:?}").unwrap();
        drop(sent);
        drop(wrong);
    }
    let encrypted = std::fs::read_to_string(format!("{folder}/alice-encrypted.key")).unwrap();
    let line = encrypted.lines().nth(1).unwrap();
    log.assert_hidden("settings read", &[password, key, CANARY, line], &shown);
}
