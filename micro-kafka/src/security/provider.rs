//! Where tokens come from.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use super::{Token, TokenError};

/// Gives tokens for OAUTHBEARER, whenever a client needs a new one: Kafka's login callback handler.
///
/// It is called on the runtime of the application, before the first connection and again after four
/// fifths of a token's life. All clients with the same provider share a token while it is young. An
/// error is logged and tried again after 10 s.
///
/// ```
/// use std::time::Duration;
/// use micro_kafka::security::{Token, TokenError, TokenProvider, register_token_provider};
///
/// struct Vault;
///
/// impl TokenProvider for Vault {
///     async fn token(&self) -> Result<Token, TokenError> {
///         Ok(Token::new("eyJhbGciOi…", Duration::from_secs(3600)).principal("billing"))
///     }
/// }
///
/// register_token_provider("vault", Vault); // [kafka.sasl.oauthbearer] token-provider = "vault"
/// ```
pub trait TokenProvider: Send + Sync + 'static {
    /// The token to use from now on.
    fn token(&self) -> impl Future<Output = Result<Token, TokenError>> + Send;
}

pub(super) type TokenFuture<'p> =
    Pin<Box<dyn Future<Output = Result<Token, TokenError>> + Send + 'p>>;

/// The same, as an object.
pub(super) trait AnyProvider: Send + Sync + 'static {
    fn token(&self) -> TokenFuture<'_>;
}

impl<P: TokenProvider> AnyProvider for P {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(TokenProvider::token(self))
    }
}

type Providers = Mutex<HashMap<String, Arc<dyn AnyProvider>>>;

static PROVIDERS: LazyLock<Providers> = LazyLock::new(Providers::default);

/// Makes a provider known to this process under the name that `token-provider` of
/// `[kafka.sasl.oauthbearer]` says; one of the same name is replaced.
pub fn register_token_provider(name: impl Into<String>, provider: impl TokenProvider) {
    PROVIDERS.lock().insert(name.into(), Arc::new(provider));
}

pub(super) fn registered(name: &str) -> Option<Arc<dyn AnyProvider>> {
    PROVIDERS.lock().get(name).cloned()
}
