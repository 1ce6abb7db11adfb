//! The guide, chapter by chapter; its code is compiled and run as documentation tests.

#[doc = include_str!("../guide/01-getting-started.md")]
pub mod getting_started {}

#[doc = include_str!("../guide/02-listeners.md")]
pub mod listeners {}

#[doc = include_str!("../guide/03-settings.md")]
pub mod settings {}

#[doc = include_str!("../guide/04-errors.md")]
pub mod errors {}

#[doc = include_str!("../guide/18-retry-topics.md")]
pub mod retry_topics {}

#[doc = include_str!("../guide/28-ordered-retry.md")]
pub mod ordered_retry {}

#[doc = include_str!("../guide/24-outbox-and-deduplication.md")]
pub mod outbox_and_deduplication {}

#[doc = include_str!("../guide/05-sending.md")]
pub mod sending {}

#[doc = include_str!("../guide/06-tests.md")]
pub mod tests {}

#[doc = include_str!("../guide/07-broker.md")]
pub mod broker {}

#[doc = include_str!("../guide/16-rebalancing.md")]
pub mod rebalancing {}

#[doc = include_str!("../guide/17-lifecycle.md")]
pub mod lifecycle {}

#[doc = include_str!("../guide/14-limits.md")]
pub mod limits {}

#[doc = include_str!("../guide/29-quarantine.md")]
pub mod quarantine {}

#[doc = include_str!("../guide/19-observing.md")]
pub mod observing {}

#[doc = include_str!("../guide/30-replay.md")]
pub mod replaying {}

#[doc = include_str!("../guide/15-coming-from-spring.md")]
pub mod coming_from_spring {}

#[doc = include_str!("../guide/12-transactions.md")]
pub mod transactions {}

#[doc = include_str!("../guide/13-request-reply.md")]
pub mod requests {}

#[doc = include_str!("../guide/25-large-messages.md")]
pub mod large_messages {}

#[doc = include_str!("../guide/26-delayed.md")]
pub mod delayed {}

#[doc = include_str!("../guide/31-tuning.md")]
pub mod tuning {}

#[doc = include_str!("../guide/08-faults.md")]
pub mod faults {}

#[doc = include_str!("../guide/09-ordering.md")]
pub mod ordering {}

#[doc = include_str!("../guide/10-acknowledging.md")]
pub mod acknowledging {}

#[doc = include_str!("../guide/11-running.md")]
pub mod running {}

#[doc = include_str!("../guide/21-security.md")]
pub mod security {}

#[doc = include_str!("../guide/22-topics.md")]
pub mod topics {}

#[cfg(feature = "all")]
#[doc = include_str!("../guide/23-codecs.md")]
pub mod codecs {}
