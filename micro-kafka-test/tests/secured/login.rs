//! Logins: PLAIN, SCRAM and tokens.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro_kafka::security::{Token, TokenError, TokenProvider, register_token_provider};

use crate::support::{Secured, assert_refused, assert_works, config, start_with_topic};

const ENCRYPTED: &str =
    "[kafka.security]\nprotocol = 'sasl-ssl'\n[kafka.ssl]\ntrust-store-certificates = '{ca}'\n";
const OPEN: &str =
    "[kafka.security]\nprotocol = 'sasl-plaintext'\nallow-plaintext-credentials = true\n";

fn login(mechanism: &str, user: &str, password: &str) -> String {
    format!(
        "[kafka.sasl]\nmechanism = '{mechanism}'\nusername = '{user}'\npassword = '{password}'\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_open_the_door() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let login = login(mechanism, kafka.value("user"), kafka.value("password"));
        assert_works(&kafka.settings("login", &format!("{ENCRYPTED}{login}"))).await;
        assert_works(&kafka.settings("open", &format!("{OPEN}{login}"))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_are_told() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        let login = login(mechanism, kafka.value("user"), "wrong");
        let settings = kafka.settings("login", &format!("{ENCRYPTED}{login}"));
        assert_refused(&settings, "uthentication failed").await;
    }
}

/// What Kafka takes for tests: a JWT without a signature.
fn unsigned(user: &str, lifetime: Duration) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let end = now + lifetime;
    let claims = format!(
        "{{\"sub\":\"{user}\",\"iat\":{},\"exp\":{}}}",
        now.as_secs_f64(),
        end.as_secs_f64()
    );
    format!(
        "{}.{}.",
        base64url(b"{\"alg\":\"none\"}"),
        base64url(claims.as_bytes())
    )
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let part = |at: usize| usize::from(three.get(at).copied().unwrap_or_default());
        let number = part(0) << 16 | part(1) << 8 | part(2);
        for place in 0..=three.len() {
            text.push(char::from(LETTERS[number >> (18 - 6 * place) & 63]));
        }
    }
    text
}

/// Gives tokens of a few seconds, and counts them.
#[derive(Clone)]
struct Brief(Arc<AtomicU32>);

impl TokenProvider for Brief {
    async fn token(&self) -> Result<Token, TokenError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let lifetime = Duration::from_secs(4);
        Ok(Token::new(unsigned("alice", lifetime), lifetime).principal("alice"))
    }
}

const TOKENS: &str = "[kafka.sasl]\nmechanism = 'OAUTHBEARER'\n[kafka.sasl.oauthbearer]\n";

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_the_program_are_renewed_before_they_end() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    let counted = Arc::new(AtomicU32::new(0));
    register_token_provider("brief", Brief(Arc::clone(&counted)));
    let settings = format!("{ENCRYPTED}{TOKENS}token-provider = 'brief'\n");
    let (app, orders) = start_with_topic(config(&kafka.settings("login", &settings))).await;
    app.template().send("orders", "first").await.unwrap();
    orders.reaches(1).await;
    let first = counted.load(Ordering::SeqCst);
    // The provider itself tells that it was asked again.
    while counted.load(Ordering::SeqCst) < first + 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    app.template().send("orders", "second").await.unwrap();
    assert_eq!(orders.reaches(2).await, ["first", "second"]);
    app.stop().await;
}

struct Failing;

impl TokenProvider for Failing {
    async fn token(&self) -> Result<Token, TokenError> {
        Err(TokenError::new("the vault is sealed"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_a_token_is_told() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    register_token_provider("sealed", Failing);
    for (provider, part) in [
        ("sealed", "the vault is sealed"),
        ("nobody", "no token provider is registered as \"nobody\""),
    ] {
        let settings = format!("{ENCRYPTED}{TOKENS}token-provider = '{provider}'\n");
        assert_refused(&kafka.settings("login", &settings), part).await;
    }
}

/// An authorisation server: answers every request with a token.
fn authorisation_server(counted: Arc<AtomicU32>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let (mut len, mut line) = (0, String::new());
            while reader.read_line(&mut line).unwrap_or_default() > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    len = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; len];
            reader.read_exact(&mut body).unwrap();
            assert!(body.starts_with(b"grant_type=client_credentials"));
            counted.fetch_add(1, Ordering::SeqCst);
            let token = unsigned("alice", Duration::from_secs(600));
            let json = format!(
                "{{\"access_token\":\"{token}\",\"expires_in\":600,\"token_type\":\"Bearer\"}}"
            );
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{json}",
                json.len()
            );
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_an_authorisation_server_open_the_door() {
    let Some(kafka) = Secured::kafka() else {
        return;
    };
    let counted = Arc::new(AtomicU32::new(0));
    let url = authorisation_server(Arc::clone(&counted));
    let settings = format!(
        "{ENCRYPTED}{TOKENS}token-endpoint-url = '{url}'\nclient-id = 'billing'\n\
         client-secret = 'hunter2'\nallow-http = true\n"
    );
    assert_works(&kafka.settings("login", &settings)).await;
    // Consumer and producer share a token.
    assert!(
        (1..=2).contains(&counted.load(Ordering::SeqCst)),
        "{counted:?}"
    );
}
