//! Faults on command: what a cluster does once a year, when a test asks for it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), micro_kafka_broker::StartError> {
//! use micro_kafka_broker::Broker;
//! use micro_kafka_broker::fault::{ApiKey, ErrorCode};
//!
//! let broker = Broker::builder().topic("orders", 6).start().await?;
//! let fault = broker
//!     .faults()
//!     .on(ApiKey::Produce)
//!     .topic("orders")
//!     .nth(2)
//!     .answer(ErrorCode::NOT_LEADER_OR_FOLLOWER);
//! // … the second produce request for the topic fails …
//! assert_eq!(fault.hits(), 0);
//! fault.remove();
//! # broker.stop().await;
//! # Ok(())
//! # }
//! ```

#![allow(
    clippy::must_use_candidate,
    reason = "a rule is in force whether its handle is kept or not"
)]

mod api_key;
mod builder;
mod chaos;
mod faults;
mod handle;
mod journal;
mod pattern;
mod request;
mod rule;
mod switches;
mod text;

#[cfg(test)]
mod tests;

pub use crate::api::{ErrorCode, UnknownErrorCode};
pub use api_key::{ApiKey, UnknownApi};
pub use builder::FaultBuilder;
pub use chaos::{CHAOS_SEED, Chaos, Reign};
pub(crate) use faults::Fault;
pub use faults::Faults;
pub use handle::{FaultHandle, TooFewHits};
pub(crate) use journal::Noted;
pub use journal::{AnswerView, Ending, Exchange, Failure, Journal, Mark, TooFewRequests};
pub use pattern::Pattern;
pub use request::{RequestView, TopicView};
pub use rule::{Action, Delay, Hook, Matcher, Rule, Schedule};
pub(crate) use switches::Switches;
pub use text::RuleError;
