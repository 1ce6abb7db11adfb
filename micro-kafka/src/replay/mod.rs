//! Dead letters that are counted, exported, and sent back to where they failed.
//!
//! A [`Replay`] says which letters of which dead-letter topics, and how: [`Replay::dry_run`] counts
//! them, [`Replay::run`] sends them, [`Replay::export`] writes them as lines of JSON.
//!
//! ```no_run
//! # async fn again(app: &micro_kafka::RunningApp) -> Result<(), micro_kafka::replay::ReplayError> {
//! let timeouts = app.replay("orders-dlt").error("Timeout").rate(100);
//! println!("{}", timeouts.dry_run().await?);
//! let report = timeouts.run("gateway-is-back").await?;
//! println!("{} sent", report.sent);
//! # Ok(()) }
//! ```

mod base64;
mod builder;
mod counts;
mod engine;
mod error;
mod file;
mod letter;
mod line;
mod marker;
mod pace;
mod place;
mod repair;
mod report;
mod scan;
mod selection;
mod sorting;
mod target;

pub use builder::Replay;
pub use counts::Counts;
pub use error::ReplayError;
pub use file::import;
pub use letter::DeadLetter;
pub(crate) use marker::is_for_another;
pub use marker::{REPLAY_COUNT, REPLAY_GROUP, REPLAY_ID, REPLAY_OF, REPLAY_TOPIC};
pub use repair::Repair;
pub use report::{DryRun, ReplayReport};
