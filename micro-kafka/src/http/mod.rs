//! HTTP for schemas and tokens: one request, one answer.
//!
//! By hyper's own connections, which the broker's admin pages use already: what is asked for is kept,
//! so that requests are rare, and neither a pool nor a larger client earns its keep. The feature
//! `http`, which `schema-registry`, `tls` and `tls-system` enable, brings it; addresses are read
//! without it, too, since settings are checked whatever is compiled in.

#![cfg_attr(
    not(all(
        feature = "schema-registry",
        any(feature = "tls", feature = "tls-system")
    )),
    allow(dead_code, reason = "one of the two who ask is not compiled in")
)]

mod address;
#[cfg(feature = "http")]
mod basic;
#[cfg(feature = "http")]
mod exchange;
#[cfg(feature = "http")]
mod tls;

pub(crate) use self::address::Address;
#[cfg(feature = "schema-registry")]
pub(crate) use self::address::encoded;
#[cfg(feature = "http")]
pub(crate) use self::basic::basic_authorization;
#[cfg(feature = "http")]
pub(crate) use self::exchange::{Answer, Limits, Question, ask};
