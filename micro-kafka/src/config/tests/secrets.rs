//! A canary: its value must not be seen anywhere.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde::Deserialize;

use super::{Config, load};

const CANARY: &str = "canary-7f3a9c";

/// All that a test logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn logged(work: impl FnOnce() -> String) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let shown = tracing::subscriber::with_default(subscriber, work);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    format!("{shown}\n{log}")
}

#[track_caller]
fn assert_hidden(shown: &str) {
    assert!(!shown.contains(CANARY), "{shown}");
}

#[test]
fn debug_and_logs_of_accepted_settings_show_no_secret() {
    let text = format!(
        "[kafka.properties]\nsasl.password = '{CANARY}'\nsasl.username = '${{DB_PASSWORD}}'\n\
         [kafka.consumer.properties]\nsasl.password = '{CANARY}'\n"
    );
    let shown = logged(|| {
        let builder = Config::builder()
            .toml_str("a.toml", &text)
            .env([("DB_PASSWORD", CANARY)])
            .set("kafka.producer.properties.sasl.password", CANARY);
        let built = format!("{builder:?}");
        let config = builder.build().unwrap();
        assert_eq!(config.kafka().properties.get("sasl.username"), Some(CANARY));
        format!(
            "{built} {config:?} {:?} {:?}",
            config.producer_properties(),
            config.shared_properties()
        )
    });
    assert!(shown.contains("a.toml"), "{shown}");
    assert!(shown.contains("***"), "{shown}");
    assert_hidden(&shown);
}

#[test]
fn no_error_shows_a_secret() {
    for text in [
        "[kafka.properties]\nsasl.password = ['CANARY']\n",
        "[kafka.properties]\nsasl.password = \"CANARY\\u0000\"\n",
        "[kafka.properties]\nssl.key.pem = 'CANARY'\n",
        "[kafka.properties]\nssl.key.password = 'CANARY'\n",
        "[kafka.properties]\nsasl.pasword = 'CANARY'\n",
        "[kafka.properties]\nsasl.jaas.config = 'CANARY'\n",
        "[kafka.properties]\nsecurity.protocol = '${DB_PASSWORD}'\n",
        "[kafka.properties]\nsocket.timeout.ms = '${DB_PASSWORD}'\n",
        "[kafka.properties]\nenable.sparse.connections = '${DB_PASSWORD}'\n",
        "[kafka.consumer]\npassword = 'CANARY'\n",
        "[kafka]\npassword = CANARY\n",
        "[kafka]\nbootstrap-servers = 'me:CANARY@host:9092'\n",
        "[kafka]\nbootstrap-servers = '${DB_PASSWORD}'\n",
        "[kafka]\nshutdown-timeout = '${DB_PASSWORD}'\n",
        "[kafka.listener]\nconcurrency = '${DB_PASSWORD}'\nack-mode = '${DB_PASSWORD}'\n",
        "[kafka.listener]\ntopics = ['ok', '${DB_PASSWORD}/']\n",
        "[kafka.consumer]\nproperties = '${DB_PASSWORD}'\n",
        "[mine]\nsecret = '${NONE}CANARY'\n",
        "[mine]\nsecret = 'CANARY${'\n",
        "[mine]\nsecret = '${CANARY'\n[mine2]\nsecret = '${a b CANARY}'\n",
    ] {
        let text = text.replace("CANARY", CANARY);
        let shown = logged(|| {
            let builder = Config::builder().toml_str("a.toml", &text);
            let built = builder.env([("DB_PASSWORD", CANARY)]).build();
            let errors = match built {
                // A build with TLS takes these.
                Ok(config) if text.contains("ssl.key") => return format!("{config:?}"),
                built => built.expect_err(&text),
            };
            format!(
                "{errors} {errors:?} {:?}",
                errors.iter().collect::<Vec<_>>()
            )
        });
        assert!(shown.contains("a.toml"), "{shown}");
        // An unclosed name is no value, and has to be shown to be found.
        if !text.contains("'${canary") {
            assert_hidden(&shown);
        }
    }
}

#[test]
fn errors_in_own_tables_hide_secrets_by_name_and_by_source() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only the errors are looked at")]
    struct Mine {
        api_token: Option<u16>,
        port: Option<u16>,
        level: Option<Level>,
    }
    #[derive(Debug, Deserialize)]
    enum Level {
        High,
    }
    for line in [
        "api-token = 'CANARY'",
        "port = '${DB_PASSWORD}'",
        "level = '${DB_PASSWORD}'",
    ] {
        let text = format!("[mine]\n{}\n", line.replace("CANARY", CANARY));
        let builder = Config::builder().toml_str("a.toml", text);
        let config = builder.env([("DB_PASSWORD", CANARY)]).build().unwrap();
        let error = config.get::<Mine>("mine").unwrap_err();
        assert!(error.to_string().contains("not shown"), "{error}");
        assert_hidden(&format!("{error} {error:?}"));
    }
    assert!(
        load("[mine]\nlevel = 'High'\n")
            .unwrap()
            .get::<Mine>("mine")
            .is_ok()
    );
}
