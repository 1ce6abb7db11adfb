//! The tokens of this process: one for all clients with the same provider.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle};

use super::provider::{AnyProvider, registered};
use super::token_config::{Origin, TIMEOUT, read};
use super::{Token, TokenError};

static TOKENS: LazyLock<Mutex<HashMap<String, Token>>> = LazyLock::new(Mutex::default);

/// Waits for the token of a client with that `sasl.oauthbearer.config`: on the runtime of the
/// application, if there was one when the client was made.
pub(crate) fn token_for(config: &str, runtime: Option<&Handle>) -> Result<Token, TokenError> {
    let young = TOKENS
        .lock()
        .get(config)
        .filter(|token| token.is_fresh())
        .cloned();
    if let Some(token) = young {
        return Ok(token);
    }
    let (provider, timeout): (Arc<dyn AnyProvider>, Duration) = match read(config) {
        Some(Origin::Provider(name)) => {
            let provider = registered(&name).ok_or(TokenError::NoProvider { name })?;
            (provider, TIMEOUT)
        }
        Some(Origin::Credentials(credentials)) => {
            let timeout = credentials.timeout;
            (Arc::new(credentials), timeout)
        }
        None => return Err(TokenError::new("sasl.oauthbearer.config is none of ours")),
    };
    let token = ask(provider, timeout, runtime)?;
    TOKENS.lock().insert(config.to_owned(), token.clone());
    Ok(token)
}

fn ask(
    provider: Arc<dyn AnyProvider>,
    timeout: Duration,
    runtime: Option<&Handle>,
) -> Result<Token, TokenError> {
    let asked = async move {
        let answered = tokio::time::timeout(timeout, provider.token()).await;
        answered.unwrap_or(Err(TokenError::TimedOut { timeout }))
    };
    let Some(runtime) = runtime else {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(TokenError::new)?;
        return runtime.block_on(asked);
    };
    // Not `block_on`: that panics once the runtime is gone.
    let (give, take) = std::sync::mpsc::sync_channel(1);
    runtime.spawn(async move { give.send(asked.await) });
    let patience = timeout + Duration::from_secs(1);
    take.recv_timeout(patience)
        .unwrap_or(Err(TokenError::TimedOut { timeout }))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::token_config::of_provider;
    use super::super::{TokenProvider, register_token_provider};
    use super::*;

    /// Numbers its tokens.
    struct Numbered(AtomicU32, Duration);

    impl TokenProvider for Numbered {
        async fn token(&self) -> Result<Token, TokenError> {
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            Ok(Token::new(format!("token-{number}"), self.1))
        }
    }

    #[test]
    fn clients_share_a_token_while_it_is_young() {
        let hour = Duration::from_secs(3_600);
        register_token_provider("shared", Numbered(AtomicU32::new(0), hour));
        let config = of_provider("shared");
        let one = token_for(&config, None).unwrap();
        let other = token_for(&config, None).unwrap();
        assert_eq!(one.value().expose(), "token-0");
        assert_eq!(one, other);

        register_token_provider("brief", Numbered(AtomicU32::new(0), Duration::ZERO));
        let config = of_provider("brief");
        token_for(&config, None).unwrap();
        let next = token_for(&config, None).unwrap();
        assert_eq!(next.value().expose(), "token-1");
    }

    #[test]
    fn an_unknown_provider_is_named() {
        let error = token_for(&of_provider("nobody"), None).unwrap_err();
        assert!(
            error.to_string().contains("registered as \"nobody\""),
            "{error}"
        );
    }

    #[test]
    fn a_runtime_that_is_gone_gives_an_error() {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        register_token_provider("gone", Numbered(AtomicU32::new(0), Duration::ZERO));
        assert!(token_for(&of_provider("gone"), Some(&handle)).is_err());
    }
}
