//! A crate that forbids unsafe code and denies every lint group that it can.
#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    unused,
    future_incompatible,
    nonstandard_style,
    rust_2018_idioms,
    let_underscore,
    keyword_idents,
    missing_debug_implementations,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![forbid(unused_imports)]

use micro_kafka::prelude::*;

/// An order.
#[derive(Debug, Deserialize)]
pub struct Order {
    /// Its number.
    pub id: u64,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error, Classify)]
pub enum ChargeError {
    /// Not enough money.
    #[error("declined")]
    #[kafka(dead_letter)]
    Declined,
    /// Too many at once.
    #[error("quota")]
    #[kafka(retry_after)]
    Quota(Duration),
}

/// Charges an order.
///
/// # Errors
/// If it is declined.
#[kafka_listener(topics = "orders")]
pub async fn charge(
    Json(order): Json<Order>,
    #[header("source")] source: Option<Header<&str>>,
    meta: Meta,
) -> Result<(), ChargeError> {
    match (order.id, source, meta.offset()) {
        (0, ..) => Err(ChargeError::Declined),
        (1, ..) => Err(ChargeError::Quota(Duration::ZERO)),
        _ => Ok(()),
    }
}

#[deprecated(note = "charge instead")]
#[kafka_listener(topics = "orders")]
async fn old_charge() {}

fn main() {
    assert_eq!(micro_kafka::listener::LISTENERS.len(), 2);
}
