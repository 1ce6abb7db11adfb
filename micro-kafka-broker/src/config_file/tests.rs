use super::{ConfigFile, FileListener, Format};

fn toml(text: &str) -> ConfigFile {
    ConfigFile::parse("broker.toml", text, Format::Toml).unwrap()
}

fn mistakes(text: &str) -> Vec<String> {
    let found = ConfigFile::parse("broker.toml", text, Format::Toml).unwrap_err();
    found.iter().map(ToString::to_string).collect()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn quoted_dotted_and_nested_keys_spell_the_same_names() {
    let text = r#"
        "log.retention.ms" = 1000
        num.partitions = 4
        auto.create.topics.enable = false
        log.cleanup.policy = ["compact", "delete"]

        [log.cleaner]
        backoff.ms = 20
        min.cleanable.ratio = 0.25
    "#;
    assert_eq!(
        toml(text).values,
        [
            pair("log.retention.ms", "1000"),
            pair("num.partitions", "4"),
            pair("auto.create.topics.enable", "false"),
            pair("log.cleanup.policy", "compact,delete"),
            pair("log.cleaner.backoff.ms", "20"),
            pair("log.cleaner.min.cleanable.ratio", "0.25"),
        ]
    );
}

#[test]
fn every_mistake_is_told_with_its_place_and_a_suggestion() {
    let found = mistakes(
        "num.partition = 3\nnum.partitions = 0\n[log.retention]\nms = 1979-05-27\nmsx = 5\n",
    );
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[0].starts_with("broker.toml:4:6: log.retention.ms: a text, a number"));
    assert!(found[1].starts_with("broker.toml:1:5: num.partition: no such"));
    assert!(found[1].ends_with("did you mean \"num.partitions\"?"));
    assert_eq!(
        found[2],
        "broker.toml:2:18: Invalid value 0 for configuration num.partitions: Value must be at \
         least 1"
    );
    assert!(found[3].ends_with("did you mean \"log.retention.ms\"?"));
}

#[test]
fn a_name_given_in_two_spellings_is_a_mistake() {
    let found = mistakes("\"num.partitions\" = 3\nnum.partitions = 4\n");
    assert_eq!(
        found,
        ["broker.toml:2:5: num.partitions: given before, in line 1; keep one of them"]
    );
}

#[test]
fn bad_toml_is_told_without_the_line_that_may_hold_a_secret() {
    let found = mistakes("a = 1\nssl.key.password = hunter2\n");
    assert!(found[0].starts_with("broker.toml:"), "{found:?}");
    assert!(
        found.iter().any(|told| told.contains("invalid TOML")),
        "{found:?}"
    );
    assert!(!format!("{found:?}").contains("hunter2"));
}

#[test]
fn addresses_ids_and_directories_are_read_apart() {
    let text = r#"
        node.id = 7
        log.dirs = "/tmp/kafka"
        listeners = ["INSIDE://127.0.0.1:9092", "OUTSIDE://:9093", "CONTROLLER://:9094"]
        advertised.listeners = "OUTSIDE://kafka.example:19093"
        [listener.security.protocol]
        map = "INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT"
    "#;
    let file = toml(text);
    assert_eq!(file.node_id, Some(7));
    assert_eq!(file.data_dir.as_deref(), Some("/tmp/kafka".as_ref()));
    let listener = |listen: &str, advertised: Option<&str>| FileListener {
        listen: listen.to_owned(),
        advertised: advertised.map(str::to_owned),
    };
    assert_eq!(
        file.listeners,
        [
            listener("127.0.0.1:9092", None),
            listener("0.0.0.0:9093", Some("kafka.example:19093"))
        ]
    );
    assert_eq!(file.values.len(), 1);
}

#[test]
fn what_cannot_be_listened_on_is_a_mistake() {
    let found = mistakes("listeners = \"SASL_SSL://:9093,127.0.0.1:9092\"\nlog.dir = \"/a,/b\"\n");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().any(|told| told.contains("has no name")));
    assert!(found.iter().any(|told| told.contains("speaks SASL_SSL")));
    assert!(found.iter().any(|told| told.contains("one directory")));
}

#[test]
fn kafkas_own_file_is_read() {
    let text = "# a comment\n! another\n\nprocess.roles=broker,controller\n\
                node.id: 3\nlisteners=PLAINTEXT://:9092,\\\n    CONTROLLER://:9093\n\
                log.dirs=/tmp/kraft-combined-logs\nnum.io.threads 8\nlog.retention.hours = 168  \n\
                controller.quorum.voters=1@localhost:9093\nnum.partitions=1\nnum.partitions=\\u0032\n";
    let file = ConfigFile::parse("server.properties", text, Format::Properties).unwrap();
    assert_eq!(file.node_id, Some(3));
    assert_eq!(file.listeners.len(), 1);
    assert_eq!(file.listeners[0].listen, "0.0.0.0:9092");
    assert!(file.values.contains(&pair("num.partitions", "2")));
    assert!(file.values.contains(&pair("log.retention.hours", "168")));
    assert!(file.values.contains(&pair("num.io.threads", "8")));
}

#[test]
fn a_bad_value_in_kafkas_own_file_is_told_with_its_line() {
    let text = "node.id=1\n\n  num.partitions = none\n";
    let found = ConfigFile::parse("server.properties", text, Format::Properties).unwrap_err();
    assert!(
        found[0]
            .to_string()
            .starts_with("server.properties:3:20: Invalid value none"),
        "{found:?}"
    );
}
