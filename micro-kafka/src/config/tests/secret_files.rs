//! Values that files hold.

use super::Config;
use super::folder::Folder;
use crate::config::ConfigBuilder;

fn open(folder: &Folder) -> ConfigBuilder {
    Config::builder().dir(folder.path())
}

#[track_caller]
fn refused(folder: &Folder) -> String {
    open(folder).build().unwrap_err().to_string()
}

const LOGIN: &str = "[kafka.security]\nprotocol = 'sasl-plaintext'\nallow-plaintext-credentials = true\n\
                     [kafka.sasl]\nmechanism = 'PLAIN'\nusername = 'me'\n";

#[test]
fn a_password_is_what_its_file_holds_without_the_end_of_the_line() {
    for (bytes, password) in [
        ("hunter2", "hunter2"),
        ("hunter2\n", "hunter2"),
        ("hunter2\r\n", "hunter2"),
        ("hunter2\n\n", "hunter2\n"),
        (" ${HOME} ", " ${HOME} "),
    ] {
        let toml = format!("{LOGIN}password = {{ file = 'secrets/kafka' }}\n");
        let folder = Folder::new(&[("application.toml", &toml), ("secrets/kafka", bytes)]);
        let config = open(&folder).build().unwrap();
        let found = config.kafka().security.sasl.password.as_ref();
        assert_eq!(found.map(|secret| secret.expose()), Some(password));
        let shared = config.shared_properties();
        assert_eq!(shared.get("sasl.password"), Some(password));
        let shown = format!("{}{config:?}{shared:?}", config.explain());
        assert!(!shown.contains(password), "{shown}");
    }
}

#[test]
fn every_form_of_a_key_takes_a_file() {
    let folder = Folder::new(&[("n", "7\n"), ("t", "12s"), ("list", "a:1,b:2\n")]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let config = Config::builder()
        .toml_str(
            "a.toml",
            format!(
                "[kafka]\nbootstrap-servers = {{ file = '{}' }}\nshutdown-timeout.file = '${{HERE}}/t'\n\
                 [kafka.properties]\nclient.rack = {{ file = '{}' }}\n",
                at("list"),
                at("n"),
            ),
        )
        .env([
            ("HERE".to_owned(), folder.path().display().to_string()),
            ("KAFKA__LISTENERS__CHARGE__CONCURRENCY__FILE".to_owned(), at("n")),
            ("KAFKA__CONSUMER__PROPERTIES__SESSION_TIMEOUT_MS__FILE".to_owned(), at("missing")),
        ])
        .set("kafka.consumer.properties.session.timeout.ms", "7000")
        .build()
        .unwrap();
    let kafka = config.kafka();
    assert_eq!(kafka.bootstrap_servers, "a:1,b:2");
    assert_eq!(kafka.shutdown_timeout.as_secs(), 12);
    assert_eq!(kafka.listeners["charge"].concurrency, Some(7));
    assert_eq!(kafka.properties.get("client.rack"), Some("7"));
    assert!(kafka.properties.is_secret("client.rack"));
    // A later layer's value wins over a file, which is not read then.
    let session = kafka.consumer.properties.get("session.timeout.ms");
    assert_eq!(session, Some("7000"));
}

#[test]
fn a_placeholder_and_the_services_own_secrets_take_files_too() {
    let toml = "[db]\npassword = { file = 'db' }\n[log]\nfile = 'x.log'\n[log.rotation]\nfile = 'y.log'\n\
                [kafka]\nclient-id = '${db.password}'\n";
    let folder = Folder::new(&[("application.toml", toml), ("db", "hunter2\n")]);
    let config = open(&folder).build().unwrap();
    assert_eq!(config.get::<String>("db.password").unwrap(), "hunter2");
    assert_eq!(config.get::<String>("log.rotation.file").unwrap(), "y.log");
    assert_eq!(config.kafka().client_id.as_deref(), Some("hunter2"));
    let shown = config.explain().to_string();
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_file_that_cannot_be_used_is_told_with_its_name_and_its_key() {
    let toml = format!("{LOGIN}password = {{ file = 'kafka' }}\n");
    let folder = Folder::new(&[("application.toml", &toml)]);
    let told = |part: &str| {
        let report = refused(&folder);
        let place = "application.toml:7:21: kafka.sasl.password: ";
        assert!(report.contains(place) && report.contains(part), "{report}");
        assert!(!report.contains("hunter2"), "{report}");
    };
    told("/kafka cannot be read: No such file or directory");
    folder.write("kafka", "\n");
    told("/kafka is empty");
    folder.write("kafka", b"hunter2\xff");
    told("/kafka is not UTF-8");
    folder.write("kafka", vec![b'x'; (1 << 20) + 1]);
    told("/kafka is larger than 1 MiB");
    std::fs::remove_file(folder.path().join("kafka")).unwrap();
    std::fs::create_dir(folder.path().join("kafka")).unwrap();
    told("/kafka cannot be read: ");
}

#[test]
fn a_refused_value_of_a_file_is_told_with_both_places_and_not_shown() {
    let toml = "[kafka.consumer]\nmax-poll-interval = { file = 'wait' }\n";
    let folder = Folder::new(&[("application.toml", toml), ("wait", "hunter2\n")]);
    let report = refused(&folder);
    for part in [
        "/wait, named at ",
        "application.toml:2:30: kafka.consumer.max-poll-interval: ",
    ] {
        assert!(report.contains(part), "{report}");
    }
    assert!(!report.contains("hunter2"), "{report}");
}
