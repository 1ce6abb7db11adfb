//! `[kafka.security]`, `[kafka.ssl]` and `[kafka.sasl]`.

use super::{assert_refused, load, refused};

const LOGIN: &str = "[kafka.security]\nprotocol = 'sasl-plaintext'\n[kafka.sasl]\n";

#[test]
fn every_client_takes_the_login() {
    let text = "[kafka.security]\nprotocol = 'sasl-plaintext'\nallow-plaintext-credentials = true\n\
                [kafka.sasl]\nmechanism = 'plain'\nusername = 'me'\npassword = 'hunter2'\n\
                [kafka.templates.audit]\ntopics = 'audit'\n";
    let config = load(text).unwrap();
    let producer = config.producer_properties();
    let shared = config.shared_properties();
    let audit = config.template_properties("audit").unwrap();
    for properties in [producer, &shared, audit] {
        assert_eq!(properties.get("security.protocol"), Some("sasl_plaintext"));
        assert_eq!(properties.get("sasl.mechanism"), Some("PLAIN"));
        assert_eq!(properties.get("sasl.username"), Some("me"));
        assert_eq!(properties.get("sasl.password"), Some("hunter2"));
        let origin = properties.origin("sasl.password").unwrap().to_string();
        assert_eq!(origin, "application.toml:7:12");
    }
    let shown = format!("{config:?} {}", config.explain());
    assert!(shown.contains("sasl.password"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_password_without_tls_must_be_allowed() {
    let text = format!("{LOGIN}mechanism = 'PLAIN'\nusername = 'me'\npassword = 'x'\n");
    assert_refused(
        &text,
        &[
            "application.toml:2:12: security.protocol: PLAIN would send the password without \
           encryption; set protocol = \"sasl-ssl\", or allow-plaintext-credentials = true in \
           [kafka.security]",
        ],
    );
    // By librdkafka's names as well.
    let text = "[kafka.properties]\nsecurity.protocol = 'sasl_plaintext'\nsasl.mechanism = 'PLAIN'\n\
                sasl.username = 'me'\nsasl.password = 'x'\n";
    assert_refused(text, &["application.toml:2:21", "would send the password"]);
    let text = format!("{text}[kafka.security]\nallow-plaintext-credentials = true\n");
    assert!(load(&text).is_ok());
}

#[test]
fn what_a_login_lacks_is_named() {
    for (lines, part) in [
        (
            "username = 'me'\n",
            "application.toml:3:1: kafka.sasl: [kafka.sasl] needs a mechanism; set mechanism = \
             \"SCRAM-SHA-512\", or \"PLAIN\" or \"OAUTHBEARER\"",
        ),
        (
            "mechanism = 'PLAIN'\npassword = 'x'\n",
            "application.toml:4:13: kafka.sasl.mechanism: PLAIN needs a username; set username in \
             [kafka.sasl]",
        ),
        (
            "mechanism = 'OAUTHBEARER'\n",
            "kafka.sasl.mechanism: OAUTHBEARER needs to know where tokens come from; set \
             token-provider or token-endpoint-url in [kafka.sasl.oauthbearer]",
        ),
        (
            "mechanism = 'PLAIN'\nusername = 'me'\npassword = 'x'\noauthbearer.token-provider = 'x'\n",
            "the mechanism PLAIN takes no tokens; set mechanism = \"OAUTHBEARER\"",
        ),
        (
            "mechanism = 'SCRAM'\n",
            "expected one of \"PLAIN\", \"SCRAM-SHA-256\", \"SCRAM-SHA-512\", \"OAUTHBEARER\", \
             \"GSSAPI\", found \"SCRAM\"",
        ),
    ] {
        let report = refused(&format!("{LOGIN}{lines}"));
        assert!(report.contains(part), "{report}\nlacks {part}");
    }
    let text = "[kafka.sasl]\nmechanism = 'PLAIN'\nusername = 'me'\npassword = 'x'\n";
    assert_refused(
        text,
        &["[kafka.sasl] counts only where clients log in; set protocol = "],
    );
}

#[test]
fn a_token_endpoint_is_complete_and_encrypted() {
    let login = format!("{LOGIN}mechanism = 'OAUTHBEARER'\n[kafka.sasl.oauthbearer]\n");
    for (lines, part) in [
        (
            "token-endpoint-url = 'http://login/token'\nclient-id = 'me'\nclient-secret = 'x'\n",
            "application.toml:6:22: kafka.sasl.oauthbearer.token-endpoint-url: the client secret \
             would be sent without encryption; write https://, or set allow-http = true for a \
             server that only tests use",
        ),
        (
            "token-endpoint-url = 'https://login/token'\nclient-id = 'me'\n",
            "token-endpoint-url needs client-secret as well",
        ),
        (
            "token-endpoint-url = 'login/token'\n",
            "not an address such as \"https://login.example/token\"",
        ),
        (
            "token-endpoint-url = 'https://me:hunter2@login/token'\n",
            "an address without user or password (not shown)",
        ),
        (
            "token-endpoint-url = 'https://login'\nclient-id = 'a'\nclient-secret = 'b'\ntoken-provider = 'x'\n",
            "token-provider and token-endpoint-url exclude each other; leave one of them out",
        ),
    ] {
        let report = refused(&format!("{login}{lines}"));
        assert!(report.contains(part), "{report}\nlacks {part}");
        assert!(!report.contains("hunter2"), "{report}");
    }
}

#[test]
fn certificates_are_pem_and_there() {
    let folder = std::env::temp_dir().join(format!("mk-security-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("text"), "hello").unwrap();
    std::fs::write(path("store.jks"), [0xfe, 0xed, 0xfe, 0xed]).unwrap();
    for (value, part) in [
        (
            "/no/such/ca.pem".to_owned(),
            "/no/such/ca.pem cannot be read: No such file or directory",
        ),
        (folder.display().to_string(), "is a folder, not a PEM file"),
        (
            path("text"),
            "is not a PEM file: it has no line -----BEGIN …-----",
        ),
        (
            path("store.jks"),
            "is not a PEM file but binary: convert it with openssl",
        ),
        (
            " ".to_owned(),
            "neither a PEM text, which has lines -----BEGIN …-----, nor a path",
        ),
    ] {
        for key in [
            "trust-store-certificates",
            "trust-store-location",
            "key-store-key",
        ] {
            let report = refused(&format!("[kafka.ssl]\n{key} = '{value}'\n"));
            assert!(report.contains(part), "{report}\nlacks {part}");
            assert!(report.contains(&format!("kafka.ssl.{key}: ")), "{report}");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert_refused(
        "[kafka.ssl]\nkey-store-type = 'JKS'\n",
        &[
            "application.toml:2:18: kafka.ssl.key-store-type: JKS stores cannot be read: PEM only; \
           `keytool -importkeystore` to PKCS12, then `openssl pkcs12 -nodes` writes PEM",
        ],
    );
}

#[test]
fn certificates_without_encryption_are_a_mistake() {
    let text = "[kafka.ssl]\nverify-hostname = false\n";
    assert_refused(
        text,
        &[
            "application.toml:1:1: kafka.ssl: [kafka.ssl] counts for encrypted connections only; \
           set protocol = \"ssl\" in [kafka.security]",
        ],
    );
}

#[cfg(not(any(feature = "tls", feature = "tls-system")))]
#[test]
fn tls_that_is_not_compiled_in_names_the_feature() {
    assert_refused(
        "[kafka.security]\nprotocol = 'ssl'\n",
        &[
            "application.toml:2:12: kafka.security.protocol: \"ssl\" needs TLS, which this build was \
           made without; enable micro-kafka's feature `tls` (or `tls-system`, which uses the \
           system's OpenSSL)",
        ],
    );
}
