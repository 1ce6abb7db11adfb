//! What must be refused, and how.

use super::{Config, assert_refused, load, refused};

#[test]
fn wrong_servers_are_refused() {
    for (servers, part) in [
        ("''", "must not be empty"),
        ("[]", "must not be empty"),
        ("'a:1,'", "a server is missing"),
        ("'host'", "write \"host:9092\""),
        ("'host:0'", "from 1 to 65535"),
        ("'host:65536'", "from 1 to 65535"),
        ("'host:-1'", "from 1 to 65535"),
        ("'::1:9092'", "brackets"),
        ("'a:1,a:1'", "listed twice"),
        ("9092", "expected a text or an array of texts, found 9092"),
        ("[9092]", "expected a text, found 9092"),
    ] {
        let text = format!("[kafka]\nbootstrap-servers = {servers}\n");
        assert_refused(
            &text,
            &["application.toml:2:21: kafka.bootstrap-servers: ", part],
        );
    }
}

#[test]
fn a_key_of_the_file_and_of_the_environment_is_no_mistake_but_two_in_a_file_are() {
    let builder = Config::builder().toml_str("a.toml", "[kafka]\nclient-id = 'file'\n");
    let config = builder.env([("KAFKA__CLIENT_ID", "env")]).build().unwrap();
    assert_eq!(config.kafka().client_id.as_deref(), Some("env"));
    assert_refused(
        "[kafka]\nclient-id = 'a'\nclient_id = 'b'\n",
        &["application.toml:3:1: client_id: ", "application.toml:2:1"],
    );
    assert_refused(
        "[kafka]\nclient-id = 'a'\nclient-id = 'b'\n",
        &["application.toml:3:1", "invalid TOML: duplicate key"],
    );
}

#[test]
fn session_heartbeat_and_poll_interval_must_fit() {
    assert_refused(
        "[kafka.consumer]\nmax-poll-interval = '10s'\nproperties.session.timeout.ms = 20000\n",
        &[
            "application.toml:3:33",
            "must not be longer than max.poll.interval.ms (10000)",
        ],
    );
    assert_refused(
        "[kafka.consumer]\nheartbeat-interval = '6s'\n[kafka.listeners.a.properties]\nsession.timeout.ms = 6000\n",
        &[
            "application.toml:2:22",
            "shorter than session.timeout.ms (6000)",
        ],
    );
}

#[test]
fn concurrency_is_between_one_and_a_thousand() {
    for value in ["0", "1001", "1_000_000_000", "-1", "99999999999999999999"] {
        let text = format!("[kafka.listeners.a]\nconcurrency = {value}\n");
        let report = refused(&text);
        assert!(report.contains("application.toml:2:15"), "{report}");
    }
    for value in ["'3'", "3.5", "true", "[3]"] {
        let text = format!("[kafka.listeners.a]\nconcurrency = {value}\n");
        assert_refused(&text, &["application.toml:2:15", "expected a whole number"]);
    }
}

#[test]
fn wrong_placeholders_are_refused_with_their_place() {
    for (value, part) in [
        (
            "${NOT_SET}",
            "NOT_SET is not set; for a default write ${NOT_SET:...}",
        ),
        ("${kafka.client-id}", "refers to itself"),
        ("${NOT_CLOSED", "never closed"),
    ] {
        let text = format!("[kafka]\nclient-id = '{value}'\n");
        assert_refused(&text, &["application.toml:2:13: kafka.client-id: ", part]);
    }
}

#[test]
fn wrong_durations_are_refused() {
    for (value, part) in [
        ("'5'", "needs a unit"),
        (
            "5",
            "5: a duration needs a unit: ms, s, m, h or d, for example \"5s\"",
        ),
        ("'5 sec'", "\"5 sec\": not a duration"),
        ("'-1s'", "cannot be negative"),
        ("-1", "cannot be negative"),
        ("'99999999999999999999s'", "longer than 1,000 years"),
        ("true", "expected a duration"),
        ("1.5", "expected a duration"),
    ] {
        let text = format!("[kafka]\nshutdown-timeout = {value}\n");
        assert_refused(
            &text,
            &["application.toml:2:20: kafka.shutdown-timeout: ", part],
        );
    }
    assert_refused(
        "[kafka.consumer]\nmax-poll-interval = '900d'\n",
        &["application.toml:2:21", "number that librdkafka can take"],
    );
    assert_refused(
        "[kafka.consumer]\nmax-poll-interval = '2d'\n",
        &["application.toml:2:21", "outside of the range"],
    );
    assert_refused(
        "[kafka.listener]\ncommit-interval = '0s'\n",
        &["longer than 0"],
    );
}

#[test]
fn endless_attempts_with_a_growing_wait_are_accepted_and_zero_is_not() {
    let retry = "[kafka.listener.retry]\nbackoff = '1s..5m x2'\nattempts = ";
    let config = load(&format!("{retry}{}\n", u32::MAX)).unwrap();
    assert_eq!(config.kafka().listener.retry.attempts, Some(u32::MAX));
    for attempts in ["0", "-1", "4294967296"] {
        assert_refused(
            &format!("{retry}{attempts}\n"),
            &["application.toml:3:12", "not between 1 and"],
        );
    }
    assert_refused(
        "[kafka.listener.retry]\nbackoff = '5m..1s'\n",
        &["shorter than the first"],
    );
    assert_refused(
        "[kafka.listener.retry.Timeout]\npolicy = 'ignore'\n",
        &["\"retry\", \"dead-letter\", \"skip\", \"park\", \"stop\""],
    );
    assert_refused(
        "[kafka.listener.retry]\natempts = 3\n",
        &["did you mean \"attempts\"?"],
    );
}

#[test]
fn wrong_group_ids_are_refused() {
    let long = "x".repeat(300);
    for (group, part) in [
        ("", "must not be empty"),
        (long.as_str(), "at most 255"),
        ("a\\nb", "control characters"),
    ] {
        let text = format!("[kafka.consumer]\ngroup-id = \"{group}\"\n");
        assert_refused(
            &text,
            &["application.toml:2:12: kafka.consumer.group-id: ", part],
        );
    }
}

#[test]
fn wrong_topics_are_refused() {
    let long = "x".repeat(250);
    for topic in ["", ".", "..", "a/b", "\u{fc}ber", long.as_str(), "a\\nb"] {
        for key in ["topics", "dead-letter-topic"] {
            let text = format!("[kafka.listeners.a]\n{key} = \"{topic}\"\n");
            let report = refused(&text);
            assert!(report.contains("application.toml:2:"), "{report}");
        }
    }
}

#[test]
fn a_password_may_hold_quotes_and_braces_but_no_nul() {
    let text = "[kafka.properties]\nsasl.password = \"a'\\\"}{$${x\"\n";
    let config = load(text).unwrap();
    assert_eq!(
        config.kafka().properties.get("sasl.password"),
        Some("a'\"}{${x")
    );
    let text = "[kafka.properties]\nsasl.password = \"a\\u0000b\"\n";
    assert_refused(text, &["application.toml:2:17", "NUL character"]);
}

#[test]
fn a_key_file_must_exist() {
    let text = "[kafka.properties]\nssl.key.location = '/no/such/key.pem'\n";
    assert_refused(text, &["application.toml:2:20", "there is no such file"]);
}

#[test]
fn bombs_and_odd_files_are_refused_or_read() {
    let folder = std::env::temp_dir().join(format!("mk-config-{}-bombs", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("application.toml");
    for (bytes, part) in [
        (vec![b'#'; 2 << 20], "larger than 1 MiB"),
        (
            b"[kafka]\nclient-id = '\xff'\n".to_vec(),
            "not UTF-8 in line 2",
        ),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let report = Config::builder().dir(&folder).build().unwrap_err();
        assert!(report.to_string().contains(part), "{report}");
    }
    std::fs::write(&file, "\u{feff}[kafka]\r\nclient-id = 'x'\r\n").unwrap();
    let config = Config::builder().dir(&folder).build().unwrap();
    assert_eq!(config.kafka().client_id.as_deref(), Some("x"));
    std::fs::remove_dir_all(&folder).unwrap();
    let deep = format!("[mine]\na = {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    assert!(load(&deep).is_err());
    let wide: String = (0..20_000).map(|n| format!("k{n} = 1\n")).collect();
    let report = load(&format!("[kafka]\n{wide}")).unwrap_err();
    assert_eq!(report.iter().count(), 20_000);
}

#[test]
fn what_belongs_to_the_framework_is_refused_with_the_key_to_use() {
    for (name, advice) in [
        ("bootstrap.servers", "set bootstrap-servers in [kafka]"),
        ("metadata.broker.list", "set bootstrap-servers in [kafka]"),
        ("group.id", "set group-id in"),
        ("enable.auto.commit", "set enable-auto-commit in"),
        ("auto.commit.interval.ms", "set auto-commit-interval in"),
        ("enable.auto.offset.store", "leave it out"),
        ("enable.partition.eof", "leave it out"),
        ("auto.offset.reset", "set auto-offset-reset in"),
        ("request.required.acks", "set acks in"),
        (
            "transactional.id",
            "set transaction-id-prefix in [kafka.producer]",
        ),
        ("transaction.timeout.ms", "set transaction-timeout in"),
    ] {
        let text = format!("[kafka.properties]\n{name} = 'x'\n");
        assert_refused(
            &text,
            &[
                "application.toml:2:1: ",
                name,
                "belongs to the framework",
                advice,
            ],
        );
    }
}

#[test]
fn properties_of_the_wrong_client_are_refused() {
    let text = "[kafka.consumer.properties]\nlinger.ms = 5\n";
    assert_refused(
        text,
        &["only producers have this property; move it to [kafka.producer.properties]"],
    );
    let text = "[kafka.producer.properties]\nfetch.min.bytes = 5\n";
    assert_refused(
        text,
        &["only consumers have this property; move it to [kafka.consumer.properties]"],
    );
}

#[test]
fn wrong_values_of_properties_are_explained() {
    for (line, part) in [
        ("socket.timeout.ms = '30s'", "write 30000"),
        (
            "socket.timeout.ms = '30x'",
            "not a number that librdkafka can take",
        ),
        (
            "socket.timeout.ms = 4294967301",
            "not a number that librdkafka can take",
        ),
        (
            "socket.timeout.ms = 5",
            "5 is outside of the range 10 to 300000",
        ),
        (
            "socket.timeout.ms = 'x'",
            "librdkafka does not accept \"x\"",
        ),
        (
            "enable.sparse.connections = 'maybe'",
            "expected true or false, found \"maybe\"",
        ),
        (
            "security.protocol = 'tsl'",
            "librdkafka does not accept \"tsl\"",
        ),
        ("log_cb = 'x'", "only code can set this property"),
        ("foo.bar = 1", "unknown key"),
        (
            "socket.timeout.ms = 2020-01-01",
            "expected a text, number or boolean, found a date",
        ),
    ] {
        let text = format!("[kafka.properties]\n{line}\n");
        assert_refused(&text, &["application.toml:2:", part]);
    }
}

#[test]
fn a_setting_and_its_property_side_by_side_are_a_contradiction() {
    assert_refused(
        "[kafka.producer]\nlinger = '5ms'\nproperties.linger.ms = 6\n",
        &[
            "application.toml:3:24",
            "linger was set as well, at application.toml:2:10",
        ],
    );
}

#[test]
fn acks_exclude_idempotence() {
    for acks in ["1", "'1'", "0"] {
        let text = format!("[kafka.producer]\nacks = {acks}\n");
        assert_refused(
            &text,
            &[
                "application.toml:2:8: acks: ",
                "excludes the idempotent producer",
                "enable.idempotence = false",
            ],
        );
    }
    let text = "[kafka.producer]\nacks = 1\nproperties.enable.idempotence = false\n";
    assert!(load(text).is_ok());
    assert_refused(
        "[kafka.producer]\nacks = -2\n",
        &["expected one of \"all\""],
    );
}

#[cfg(not(any(feature = "tls", feature = "tls-system")))]
#[test]
fn tls_without_the_feature_names_the_feature() {
    for text in [
        "[kafka.properties]\nsecurity.protocol = 'ssl'\n",
        "[kafka.properties]\nssl.ca.pem = 'x'\n",
        "[kafka.properties]\nsecurity.protocol = 'sasl_plaintext'\nsasl.mechanism = 'SCRAM-SHA-512'\n",
    ] {
        let report = refused(text);
        assert!(report.contains("application.toml:"), "{report}");
        assert!(
            report.contains("enable micro-kafka's feature `tls`"),
            "{report}"
        );
    }
}

#[test]
fn tables_where_values_belong_and_the_reverse_are_refused() {
    for (text, part) in [
        ("kafka = 5\n", "kafka: expected a table, found 5"),
        (
            "[kafka]\nconsumer = 'x'\n",
            "kafka.consumer: expected a table, found \"x\"",
        ),
        (
            "[kafka.listeners]\ncharge = 5\n",
            "kafka.listeners.charge: expected a table, found 5",
        ),
        (
            "[kafka.client-id]\nx = 1\n",
            "kafka.client-id: expected a text, found a table",
        ),
        (
            "[[kafka.listeners.a]]\ntopics = 'x'\n",
            "expected a table, found an array",
        ),
    ] {
        assert_refused(text, &[part]);
    }
}
