//! Certificates: right ones, and wrong ones on either side.

use std::fs;

use micro_kafka::config::Config;
use micro_kafka_test::prelude::*;

use crate::support::{Secured, assert_refused, assert_works, config, start, start_with_topic};

const TLS: &str = "[kafka.security]\nprotocol = 'ssl'\n[kafka.ssl]\n";
const TRUSTED: &str = "trust-store-certificates = '{ca}'\n";

fn refused_at_boot(settings: &str) -> String {
    let built = Config::builder()
        .toml_str("application.toml", settings)
        .build();
    built.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_travel_encrypted() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    assert_works(&kafka.settings("tls", &format!("{TLS}{TRUSTED}"))).await;
    let pem = fs::read_to_string(kafka.file("ca.pem")).unwrap();
    let inline = format!("{TLS}trust-store-certificates = '''{pem}'''\n");
    assert_works(&kafka.settings("tls", &inline)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_shows_its_certificate() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    let file = |name: &str| kafka.file(name);
    let (chain, key, store) = (
        file("alice.pem"),
        file("alice.key"),
        file("alice-store.pem"),
    );
    let (sealed, password) = (file("alice-encrypted.key"), kafka.value("key-password"));
    for own in [
        format!("key-store-certificate-chain = '{chain}'\nkey-store-key = '{key}'\n"),
        format!("key-store-location = '{store}'\nkey-store-type = 'PEM'\n"),
        format!(
            "key-store-certificate-chain = '{chain}'\nkey-store-key = '{sealed}'\n\
             key-password = '{password}'\n"
        ),
        format!(
            "key-store-certificate-chain = '''{}'''\nkey-store-key = '''{}'''\n",
            fs::read_to_string(&chain).unwrap(),
            fs::read_to_string(&key).unwrap(),
        ),
    ] {
        assert_works(&kafka.settings("mutual", &format!("{TLS}{TRUSTED}{own}"))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_the_right_certificate_is_not_let_in() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    let none = kafka.settings("mutual", &format!("{TLS}{TRUSTED}"));
    assert_refused(&none, "SSL").await;
    let stranger = format!(
        "key-store-location = '{}'\n",
        kafka.file("stranger-store.pem")
    );
    let stranger = kafka.settings("mutual", &format!("{TLS}{TRUSTED}{stranger}"));
    assert_refused(&stranger, "SSL").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_not_trusted_is_told_with_the_reason() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    let unknown = TRUSTED.replace("{ca}", &kafka.file("other-ca.pem"));
    for (listener, trusted, part) in [
        (
            "expired",
            TRUSTED,
            "the broker's certificate has expired: the broker needs a new one",
        ),
        (
            "elsewhere",
            TRUSTED,
            "the broker's certificate is for another host",
        ),
        (
            "tls",
            unknown.as_str(),
            "comes from an unknown authority: trust-store-certificates in",
        ),
    ] {
        assert_refused(&kafka.settings(listener, &format!("{TLS}{trusted}")), part).await;
    }
    let unverified = format!("{TLS}{TRUSTED}verify-hostname = false\n");
    assert_works(&kafka.settings("elsewhere", &unverified)).await;
}

#[test]
fn own_certificates_that_cannot_work_are_refused_at_boot() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    let file = |name: &str| kafka.file(name);
    let (chain, sealed) = (file("alice.pem"), file("alice-encrypted.key"));
    let chain_and =
        |key: &str| format!("key-store-certificate-chain = '{chain}'\nkey-store-key = '{key}'\n");
    let wrong_password = format!("{}key-password = 'canary-hunter2'\n", chain_and(&sealed));
    for (own, part) in [
        (
            format!("key-store-location = '{}'\n", file("late-alice-store.pem")),
            format!(
                "the certificate in {} expired at ",
                file("late-alice-store.pem")
            ),
        ),
        (
            wrong_password,
            "kafka.ssl.key-password: key-password does not open the private key".into(),
        ),
        (
            chain_and(&sealed),
            "kafka.ssl.key-store-key: the private key is encrypted, and there is no key-password; \
             set key-password in [kafka.ssl]"
                .into(),
        ),
        (
            chain_and(&file("server.key")),
            "kafka.ssl.key-store-key: the private key is not the one of the certificate".into(),
        ),
        (
            format!("key-store-certificate-chain = '{chain}'\n"),
            "a client's certificate needs key-store-key too".into(),
        ),
    ] {
        let report = refused_at_boot(&kafka.settings("mutual", &format!("{TLS}{TRUSTED}{own}")));
        assert!(report.contains(&part), "{report}\nlacks {part}");
        assert!(!report.contains("hunter2"), "{report}");
    }
}

/// Files are read whenever a client is made: those of a listener with each of its starts.
#[tokio::test(flavor = "multi_thread")]
async fn replaced_files_count_from_the_next_start_of_a_listener() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    let folder = std::env::temp_dir().join(format!("mk-rotated-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let own = folder.join("ca.pem");
    fs::copy(kafka.file("ca.pem"), &own).unwrap();
    let trusted = format!("trust-store-certificates = '{}'\n", own.display());
    let config = config(&kafka.settings("tls", &format!("{TLS}{trusted}")));
    let (app, orders) = start_with_topic(config.clone()).await;
    app.template().send("orders", "first").await.unwrap();
    orders.reaches(1).await;
    // Who is connected stays so; the next client trusts somebody else.
    fs::copy(kafka.file("other-ca.pem"), &own).unwrap();
    app.template().send("orders", "second").await.unwrap();
    orders.reaches(2).await;
    let listener = app.listener("note").unwrap();
    listener.stop().await;
    listener.start().unwrap();
    let refused = || {
        let health = listener.health();
        health
            .reasons
            .iter()
            .any(|reason| reason.to_string().contains("unknown authority"))
    };
    let began = std::time::Instant::now();
    while !refused() {
        assert!(began.elapsed().as_secs() < 60, "{:?}", listener.health());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    fs::copy(kafka.file("ca.pem"), &own).unwrap();
    listener.stop().await;
    listener.start().unwrap();
    app.template().send("orders", "third").await.unwrap();
    orders.reaches(3).await;
    app.stop().await;
    let (again, orders) = start(config).await;
    again.template().send("orders", "fourth").await.unwrap();
    assert_eq!(orders.reaches(1).await, ["fourth"]);
    again.stop().await;
    fs::remove_dir_all(&folder).unwrap();
    let _: Journal<String> = orders;
}
