//! A Kafka broker for development and tests: the real wire protocol, started in milliseconds.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), micro_kafka_broker::StartError> {
//! use micro_kafka_broker::Broker;
//!
//! let broker = Broker::builder()
//!     .listen("127.0.0.1:0")
//!     .topic("orders", 6)
//!     .start()
//!     .await?;
//! println!("bootstrap.servers={}", broker.bootstrap_servers());
//! broker.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Everything is kept in memory and gone when the broker stops, unless it is given a directory
//! ([`BrokerBuilder::data_dir`]). Any Kafka client works: the broker
//! tells it the API versions of Apache Kafka 4.x, for the APIs that it serves.

#[macro_use]
mod wire;
mod api;
mod batch;
mod clock;
mod compat;
mod config_file;
mod coord;
pub mod fault;
pub mod inspect;
mod log;
mod loggers;
mod meta;
mod observe;
mod partition;
mod server;
mod session;
mod upkeep;

pub use clock::BrokerClock;
pub use compat::{Release, UnknownRelease};
pub use config_file::{ConfigFileError, ConfigMistake};
pub use loggers::Loggers;
pub use server::{Broker, BrokerBuilder, BrokerNode, FlushPolicy, Restart, StartError};
