//! The application: finds the listeners, checks everything, starts and stops the containers.

mod added;
mod all_partitions;
mod argument_texts;
mod builder;
mod codecs;
mod dead_letter_ways;
mod dead_letters;
mod delayed;
mod detached;
mod dlt_handlers;
mod endpoint;
mod error;
mod explain;
mod idempotency;
mod log;
mod maker;
mod missing_topics;
mod programmatic;
mod registration;
mod registry;
mod replying;
mod resolve;
mod retry_topics;
mod retryable;
mod running;
mod signal;
mod templates;

pub use builder::{KafkaApp, KafkaAppBuilder};
pub use detached::DetachedListener;
pub use error::{BootError, BootErrors, Error};
pub use explain::explain;
pub use log::log_to_stderr;
pub use programmatic::{BatchFuture, Listener, RecordFuture};
pub use replying::ReplyFuture;
pub use retryable::Retryable;
pub use running::{AppHealth, ListenerHealth, RunningApp};
