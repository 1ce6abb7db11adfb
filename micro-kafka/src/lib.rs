//! Annotated Kafka listeners for Rust services, in the manner of Spring Kafka.
//!
//! A service annotates async functions with `#[kafka_listener]`, writes its settings into
//! `application.toml` and runs a `KafkaApp`.

#[doc(hidden)]
pub mod __private;
pub mod admin;
pub mod app;
pub mod claim_check;

pub mod client;
pub mod clock;
pub mod codec;
pub mod config;
pub mod delayed;
pub mod error;
pub mod extract;
mod http;
pub mod idempotent;
pub mod listener;
pub mod observe;
#[cfg(feature = "sqlx")]
pub mod outbox;
pub mod prelude;
mod random_name;
pub mod record;
pub mod replay;
pub mod security;
#[cfg(feature = "sqlx")]
mod sql;
pub mod template;

pub use app::{Error, KafkaApp, RunningApp};

/// ```
/// use micro_kafka::prelude::*;
///
/// #[derive(Debug, thiserror::Error, Classify)]
/// enum ChargeError {
///     #[error("card declined")]
///     #[kafka(dead_letter)]
///     Declined,
///     #[error("gateway timed out")]
///     #[kafka(retry(attempts = 3, backoff = "1s..5m x4"))]
///     Timeout,
///     #[error("quota")]
///     #[kafka(retry_after)]
///     Quota(Duration),
/// }
/// # use micro_kafka::error::Policy;
/// # assert_eq!(ChargeError::Quota(Duration::ZERO).classify(), Policy::RetryAfter(Duration::ZERO));
/// # let _ = (ChargeError::Declined, ChargeError::Timeout);
/// ```
#[doc(inline)]
pub use micro_kafka_macros::Classify;

#[doc(inline)]
pub use micro_kafka_macros::KafkaRecord;

/// ```
/// use micro_kafka::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Order { id: u64 }
///
/// #[derive(Clone)]
/// struct Ledger;
///
/// #[kafka_listener(topics = "orders", group_id = "billing", concurrency = 3)]
/// async fn charge(
///     Json(order): Json<Order>,
///     #[header("source")] source: Option<Header<&str>>,
///     State(ledger): State<Ledger>,
/// ) -> Result<(), std::io::Error> {
///     # let _ = (order.id, source, ledger);
///     Ok(())
/// }
/// ```
#[doc(inline)]
pub use micro_kafka_macros::kafka_listener;

/// ```
/// use micro_kafka::prelude::*;
///
/// #[kafka_listener(topics = "orders", group_id = "billing")]
/// #[retryable(attempts = 5, backoff = "1s..5m x4", jitter = 0.2)]
/// async fn charge(order: Text, attempt: Attempt) -> Result<(), std::io::Error> {
///     println!("{} for the {}. time", order.0, attempt.non_blocking());
///     Ok(())
/// }
/// ```
#[doc(inline)]
pub use micro_kafka_macros::retryable;

/// ```
/// use micro_kafka::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Order { id: u64 }
///
/// #[kafka_listener(topics = "orders", group_id = "billing")]
/// #[idempotent(key = order.id, window = "1h")]
/// async fn charge(Json(order): Json<Order>) {
///     println!("{} is charged once", order.id);
/// }
/// ```
#[doc(inline)]
pub use micro_kafka_macros::idempotent;

/// ```
/// use micro_kafka::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Placed { id: u64 }
///
/// #[derive(KafkaEvent)]
/// #[kafka(header = "event-type")]
/// enum OrderEvent {
///     #[kafka(name = "order.placed")]
///     Placed(Json<Placed>),
///     #[kafka(name = "order.cancelled")]
///     Cancelled,
///     #[kafka(other)]
///     Other(Record),
/// }
///
/// #[kafka_listener(topics = "orders", group_id = "billing")]
/// async fn on_order(event: OrderEvent) {
///     match event {
///         OrderEvent::Placed(Json(order)) => println!("{} placed", order.id),
///         OrderEvent::Cancelled => println!("cancelled"),
///         OrderEvent::Other(record) => println!("another one at {}", record.offset()),
///     }
/// }
/// ```
#[doc(inline)]
pub use micro_kafka_macros::KafkaEvent;
