//! Settings: `application.toml`, its profiles, the environment and the program, in one tree.

mod backoff;
mod consumer;
mod duration;
mod error;
mod kafka;
mod key;
mod listener;
mod origin;
mod producer;
mod properties;
mod retry;
mod secret;
mod size;

pub use backoff::{BackOffError, BackOffSpec};
pub use consumer::{AutoOffsetReset, ConsumerSettings, IsolationLevel};
pub use duration::{DurationError, parse_duration};
pub use error::{ConfigError, ConfigErrors, ConfigProblem};
pub use kafka::KafkaSettings;
pub use listener::{AckMode, ListenerSettings, ResolvedListener};
pub use origin::Origin;
pub use producer::{Acks, Compression, ProducerSettings};
pub use properties::Properties;
pub use retry::{ErrorPolicy, ErrorRetry, RetrySettings};
pub use size::{SizeError, parse_size};
