//! A token endpoint is asked.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde::Deserialize;

use super::{ClientCredentials, Token, TokenError, TokenProvider};
use crate::http::{self, Address, Answer, Limits, Question, basic_authorization};

/// How long a token is good for where the server does not say.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
/// Of what a server says, not more than this is repeated.
const MOST_WORDS: usize = 200;

/// Tokens are small.
const MOST_BYTES: usize = 256 * 1024;

/// RFC 6749 §5.1 and §5.2.
#[derive(Deserialize)]
struct Answered {
    access_token: Option<String>,
    expires_in: Option<u64>,
    error: Option<String>,
    error_description: Option<String>,
}

impl TokenProvider for ClientCredentials {
    async fn token(&self) -> Result<Token, TokenError> {
        let mut form = "grant_type=client_credentials".to_owned();
        if let Some(scope) = &self.scope {
            form.push_str("&scope=");
            form.push_str(&form_encoded(scope));
        }
        let user = form_encoded(&self.client_id);
        let password = form_encoded(self.client_secret.expose());
        let question = Question {
            method: Method::POST,
            path: "",
            authorization: Some(basic_authorization(&user, &password)),
            accept: "application/json",
            body: Some(("application/x-www-form-urlencoded", form)),
        };
        let limits = Limits {
            time: self.timeout,
            bytes: MOST_BYTES,
            ca_location: None,
        };
        let unreachable = |reason: String| TokenError::Unreachable {
            endpoint: self.token_endpoint_url.clone(),
            reason,
        };
        let address = Address::parse(&self.token_endpoint_url).map_err(unreachable)?;
        let answer = http::ask(&address, question, limits).await;
        self.read(&answer.map_err(|error| unreachable(error.to_string()))?)
    }
}

impl ClientCredentials {
    fn read(&self, answer: &Answer) -> Result<Token, TokenError> {
        let refused = |reason: String| TokenError::Refused {
            endpoint: self.token_endpoint_url.clone(),
            reason,
        };
        let status = answer.status.as_u16();
        let Ok(body) = serde_json::from_slice::<Answered>(&answer.body) else {
            return Err(refused(format!(
                "status {status}, and no JSON object of RFC 6749"
            )));
        };
        match body.access_token {
            Some(token) if answer.status == StatusCode::OK && !token.is_empty() => {
                let lifetime = body
                    .expires_in
                    .map_or(DEFAULT_LIFETIME, Duration::from_secs);
                Ok(Token::new(token, lifetime).principal(&self.client_id))
            }
            _ => {
                let error = body.error.unwrap_or_else(|| "no access_token".into());
                let more = body.error_description.map(|text| format!(": {text}"));
                let words = format!("{error}{}", more.unwrap_or_default());
                let words: String = words
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(MOST_WORDS)
                    .collect();
                // A server that repeats what it was given must not make it known.
                let words = words.replace(self.client_secret.expose(), "***");
                Err(refused(format!("status {status}, {words}")))
            }
        }
    }
}

/// `application/x-www-form-urlencoded`.
fn form_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::config::Secret;

    /// A server that answers one request, and what it was asked.
    async fn served(answer: &'static str, ask: impl AsyncFnOnce(String)) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let (mut head, mut len) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    len = value.trim().parse().unwrap();
                }
                if line == "\r\n" {
                    break;
                }
                head.push_str(&line);
            }
            let mut body = vec![0; len];
            reader.read_exact(&mut body).unwrap();
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            format!("{head}\n{}", String::from_utf8(body).unwrap())
        });
        ask(url).await;
        server.join().unwrap()
    }

    fn credentials(url: String) -> ClientCredentials {
        ClientCredentials {
            token_endpoint_url: url,
            client_id: "billing".into(),
            client_secret: Secret::new("hunter 2"),
            scope: Some("kafka all".into()),
            timeout: Duration::from_secs(10),
        }
    }

    #[tokio::test]
    async fn a_token_is_asked_for_by_the_form_of_the_standard() {
        let nonsense = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n\
                     {\"access_token\":\"abc\",\"expires_in\": 3600 }";
        let asked = served(whole, async |url| {
            let token = credentials(url).token().await.unwrap();
            assert_eq!(token.value().expose(), "abc");
            assert_eq!(token.lifetime(), Duration::from_secs(3_600));
            assert!(!format!("{token:?}").contains("abc"), "{token:?}");
        })
        .await;
        let login = basic_authorization("billing", "hunter+2");
        assert!(asked.starts_with("POST /token HTTP/1.1\r\n"), "{asked}");
        assert!(
            asked.contains(&format!("authorization: {login}\r\n")),
            "{asked}"
        );
        assert!(
            asked.ends_with("\ngrant_type=client_credentials&scope=kafka+all"),
            "{asked}"
        );
        served(nonsense, async |url| {
            let error = credentials(url).token().await.unwrap_err();
            assert!(error.to_string().contains("no JSON object"), "{error}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_refusal_is_told_without_the_secret() {
        let answer = "HTTP/1.1 401 Unauthorized\r\n\r\n{\"error\":\"invalid_client\",\
                      \"error_description\":\"hunter 2 is wrong\"}";
        served(answer, async |url| {
            let error = credentials(url).token().await.unwrap_err().to_string();
            assert!(
                error.ends_with("gives no token: status 401, invalid_client: *** is wrong"),
                "{error}"
            );
        })
        .await;
    }

    #[tokio::test]
    async fn nobody_at_the_address_is_told() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let error = credentials(format!("http://{free}/token"))
            .token()
            .await
            .unwrap_err();
        assert!(matches!(error, TokenError::Unreachable { .. }), "{error}");
    }
}
