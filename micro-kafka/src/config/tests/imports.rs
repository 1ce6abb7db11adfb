//! Further files, and folders of values.

use super::Config;
use super::folder::Folder;
use crate::config::{ConfigBuilder, Origin};

fn open(folder: &Folder) -> ConfigBuilder {
    Config::builder().dir(folder.path())
}

#[track_caller]
fn refused(folder: &Folder) -> String {
    open(folder).build().unwrap_err().to_string()
}

fn importing(what: &str) -> String {
    format!("[kafka.config]\nimport = {what}\n")
}

#[test]
fn an_import_lies_over_its_file_and_under_profiles_and_the_environment() {
    let folder = Folder::new(&[
        (
            "application.toml",
            "[kafka]\nclient-id = 'a'\nnamespace = 'a'\nshutdown-timeout = '1s'\n\
             [kafka.config]\nimport = ['shared/kafka.toml', 'shared/last.toml']\n[mine]\nx = 'a'\n",
        ),
        (
            "shared/kafka.toml",
            "[kafka]\nclient-id = 'b'\nnamespace = 'b'\n[kafka.config]\nimport = 'deeper/more.toml'\n",
        ),
        (
            "shared/deeper/more.toml",
            "[mine]\nx = 'more'\ny = '${kafka.client-id}'\n",
        ),
        ("shared/last.toml", "[kafka]\nnamespace = 'c'\n"),
        (
            "application-eu.toml",
            "[kafka]\nmetric-tags = 'region=eu'\nshutdown-timeout = '2s'\n",
        ),
        ("shared/kafka-eu.toml", "[kafka]\nclient-id = 'b-eu'\n"),
    ]);
    let config = open(&folder).profile("eu").build().unwrap();
    let kafka = config.kafka();
    assert_eq!(kafka.client_id.as_deref(), Some("b-eu"));
    assert_eq!(kafka.namespace.as_deref(), Some("c"));
    assert_eq!(kafka.shutdown_timeout.as_secs(), 2);
    assert_eq!(config.get::<String>("mine.x").unwrap(), "more");
    assert_eq!(config.get::<String>("mine.y").unwrap(), "b-eu");
    let names = config.sources().iter().map(|source| {
        let path = std::path::Path::new(source);
        path.strip_prefix(folder.path())
            .unwrap()
            .display()
            .to_string()
    });
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "application.toml",
            "shared/kafka.toml",
            "shared/deeper/more.toml",
            "shared/kafka-eu.toml",
            "shared/last.toml",
            "application-eu.toml",
        ]
    );
    let explained = config.explain().to_string();
    assert!(explained.contains("shared/last.toml:2:13"), "{explained}");
    let over = open(&folder)
        .env([("KAFKA__NAMESPACE", "env")])
        .build()
        .unwrap();
    assert_eq!(over.kafka().namespace.as_deref(), Some("env"));
}

#[test]
fn a_folder_of_files_holds_a_value_in_each() {
    let folder = Folder::new(&[
        ("application.toml", &importing("'configtree:secrets/'")),
        ("secrets/kafka.client-id", "from-a-file\n"),
        ("secrets/kafka/properties/client.rack", "r1\n"),
        ("secrets/kafka/listeners/charge/concurrency", "3\n"),
        ("secrets/db/password", "hunter2\n"),
        ("secrets/..data/kafka.namespace", "hidden"),
    ]);
    let config = open(&folder).build().unwrap();
    let kafka = config.kafka();
    assert_eq!(kafka.client_id.as_deref(), Some("from-a-file"));
    assert_eq!(kafka.namespace, None);
    assert_eq!(kafka.listeners["charge"].concurrency, Some(3));
    assert_eq!(kafka.properties.get("client.rack"), Some("r1"));
    assert_eq!(config.get::<String>("db.password").unwrap(), "hunter2");
    let origin = config.origin("kafka.client-id").unwrap();
    assert!(matches!(origin, Origin::SecretFile { .. }), "{origin:?}");
    let shown = config.explain().to_string();
    let place = "secrets/kafka.client-id, named at ";
    assert!(
        shown.contains("client-id = \"***\"") && shown.contains(place),
        "{shown}"
    );
    assert!(
        !shown.contains("from-a-file") && !shown.contains("\"r1\""),
        "{shown}"
    );
}

#[test]
fn the_environment_imports_too() {
    let folder = Folder::new(&[("kafka.client-id", "b"), ("kafka.namespace", "b")]);
    let tree = format!("configtree:{}", folder.path().display());
    let config = Config::builder()
        .toml_str("a.toml", "[kafka]\nclient-id = 'a'\n")
        .env([
            ("KAFKA__CONFIG__IMPORT", tree.as_str()),
            ("KAFKA__NAMESPACE", "env"),
        ])
        .build()
        .unwrap();
    assert_eq!(config.kafka().client_id.as_deref(), Some("b"));
    assert_eq!(config.kafka().namespace.as_deref(), Some("env"));
}

#[test]
fn what_is_missing_is_refused_unless_it_is_optional() {
    let place = "application.toml:2:10: kafka.config.import: ";
    for (what, parts) in [
        (
            "'b.toml'",
            vec![
                "/b.toml cannot be read: No such file",
                "write \"optional:\" before it",
            ],
        ),
        ("'configtree:b'", vec!["/b is not a folder"]),
        ("''", vec!["must not be empty"]),
        ("'b.yaml'", vec!["\"b.yaml\" is no TOML file"]),
        ("'vault://b'", vec!["\"vault\" cannot be imported from"]),
        ("'${NOWHERE}/b.toml'", vec!["NOWHERE is not set"]),
        ("['b.toml', 'b.toml']", vec!["\"b.toml\" is listed twice"]),
        ("3", vec!["expected a text or an array of texts"]),
    ] {
        let folder = Folder::new(&[("application.toml", &importing(what))]);
        let report = refused(&folder);
        assert!(report.starts_with("1 mistake"), "{what}: {report}");
        for part in parts.iter().chain([&place]) {
            assert!(report.contains(part), "{what}: {report}");
        }
    }
    let optional =
        importing("['optional:b.toml', 'optional:configtree:b', '${NO:optional:file:c.toml}']");
    let folder = Folder::new(&[("application.toml", &optional)]);
    assert!(open(&folder).build().is_ok());
    let folder = Folder::new(&[("application.toml", "[kafka.config]\nimports = 'b.toml'\n")]);
    assert!(refused(&folder).contains("did you mean \"import\"?"));
}

#[test]
fn circles_are_refused_and_what_is_imported_twice_is_read_once() {
    let folder = Folder::new(&[
        ("application.toml", &importing("['b.toml', 'd.toml']")),
        ("b.toml", &importing("['sub/../c.toml', 'd.toml']")),
        ("c.toml", &importing("'b.toml'")),
        ("d.toml", "[mine]\nx = 1\n"),
        ("sub/empty", ""),
    ]);
    let report = refused(&folder);
    assert!(report.starts_with("1 mistake"), "{report}");
    let parts = [
        "c.toml:2:10: ",
        "in a circle: b.toml -> c.toml -> b.toml; leave this one out",
    ];
    assert!(parts.iter().all(|part| report.contains(part)), "{report}");
    let itself = Folder::new(&[("application.toml", &importing("'application.toml'"))]);
    assert!(refused(&itself).contains("application.toml -> application.toml"));
    folder.write("c.toml", "[mine]\ny = 1\n");
    let config = open(&folder).build().unwrap();
    assert_eq!(config.sources().len(), 4, "{:?}", config.sources());
}

#[test]
fn values_of_a_folder_that_are_refused_name_their_file_and_stay_hidden() {
    let folder = Folder::new(&[
        ("application.toml", &importing("'configtree:secrets'")),
        ("secrets/kafka.shutdown-timeout", "hunter2\n"),
        ("secrets/kafka.client-id", ""),
        ("secrets/kafka..x", "hunter2"),
    ]);
    let report = refused(&folder);
    for part in [
        "/secrets/kafka.shutdown-timeout, named at ",
        "kafka.shutdown-timeout: ",
        "kafka.client-id: the file is empty",
        "a level of the key is empty",
    ] {
        assert!(report.contains(part), "{report}");
    }
    assert!(!report.contains("hunter2"), "{report}");
}
