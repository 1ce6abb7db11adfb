//! Listeners: how they are declared, and the containers that run them.

mod ack;
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
mod running;
mod stats;
mod timers;
mod watchdog;
mod worker;

#[cfg(test)]
mod tests;

pub(crate) use ack::Verdict;
pub use ack::{AckMode, AckToken, LateAcknowledgment};
pub use cancel::CancelReason;
pub(crate) use cancel::CancelWatch;
pub use command::StopReport;
pub use container::ListenerContainer;
pub use container_error::ContainerError;
pub use context::{ConsumerContext, ListenerContext, States};
pub use def::{BootCheck, LISTENERS, ListenerDef, RetryDef, Source};
pub use delivery::{Delivery, Finished, HandlerFuture, Invoke};
pub use deps::ContainerDeps;
pub use endpoint::{Handler, ListenerEndpoint};
pub(crate) use gate::Gate;
pub use handler_slot::{HandlerSlot, Started};
pub use health::{ContainerHealth, HealthReason, RecordPlace};
pub(crate) use order::LaneKey;
pub use order::{Dispatch, Order};
pub use progress::{AssignedPartition, PartitionProgress};
pub use stats::StatsSnapshot;
