//! Listeners: how they are declared, and the containers that run them.

mod ack;
mod batch;
mod cancel;
mod command;
mod consumer_loop;
mod container;
mod container_error;
mod context;
mod def;
mod delivery;
mod deps;
mod endpoint;
mod filter;
mod gate;
mod handler_slot;
mod health;
mod in_flight;
mod lane;
mod ledger;
mod order;
mod partition;
mod progress;
mod pulse;
mod reply;
mod running;
mod stats;
mod timers;
mod topic_partitions;
mod watchdog;
mod worker;

#[cfg(test)]
mod tests;

pub use ack::{AckMode, AckToken};
pub use batch::{
    Acknowledgments, Batch, BatchDef, BatchOutcome, BatchRecord, BatchResult, BatchSpec, FromBatch,
    Inner, MissingResult, Undecoded,
};
pub use cancel::CancelReason;
pub(crate) use cancel::{CancelSignal, CancelWatch};
pub use command::StopReport;
pub use container::ListenerContainer;
pub use container_error::ContainerError;
pub use context::{ConsumerContext, ListenerContext, States};
pub use def::{BootCheck, ErrorHandlerDef, LISTENERS, ListenerDef, RetryDef, SendToDef, Source};
pub use delivery::{Delivery, Finished, HandlerFuture, Invoke};
pub use deps::ContainerDeps;
pub use endpoint::{Handler, ListenerEndpoint};
pub use filter::Filter;
pub(crate) use gate::Gate;
pub use handler_slot::{HandlerSlot, Started};
pub use health::{ContainerHealth, HealthReason, RecordPlace};
pub(crate) use order::LaneKey;
pub use order::{Dispatch, Order};
pub use progress::{AssignedPartition, PartitionProgress};
pub use reply::{IntoReplies, Replies, Reply, ReplyRejection, ReplyTarget, SendTo};
pub use stats::StatsSnapshot;
pub use topic_partitions::{StartFrom, TopicPartitions, TopicPartitionsError};
