//! Proving who a client is: tokens for OAUTHBEARER, from the program or from an authorisation server.
//!
//! Everything else (TLS, mutual TLS, PLAIN, SCRAM) is settings: `[kafka.security]`, `[kafka.ssl]` and
//! `[kafka.sasl]`.

#![cfg_attr(
    not(any(feature = "tls", feature = "tls-system")),
    allow(
        dead_code,
        reason = "tokens are asked for by a callback that librdkafka has together with TLS only"
    )
)]

#[cfg(feature = "http")]
mod asking;
mod credentials;
mod provider;
mod token;
pub(crate) mod token_config;
#[cfg(any(feature = "tls", feature = "tls-system"))]
mod tokens;

pub use self::credentials::ClientCredentials;
pub use self::provider::{TokenProvider, register_token_provider};
pub use self::token::{Token, TokenError};

#[cfg(any(feature = "tls", feature = "tls-system"))]
pub(crate) use self::tokens::token_for;
