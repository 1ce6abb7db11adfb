//! Listeners: how they are declared, and the containers that run them.

mod ack;
mod alarm;
mod batch;
mod breaker;
mod cancel;
mod command;
mod consumer_loop;
mod container;
mod container_error;
mod context;
mod control;
mod def;
mod delivery;
mod deps;
mod duplicates;
mod endpoint;
mod event;
mod failure_hooks;
mod filter;
mod gate;
mod handler_slot;
mod health;
mod in_flight;
mod interceptor;
mod lane;
mod lane_state;
mod ledger;
mod middleware;
mod order;
mod partition;
mod partition_control;
mod partition_drain;
mod pauses;
mod progress;
mod pulse;
mod quarantine;
mod rate_limit;
mod rebalance_listener;
mod reply;
mod retry_budget;
mod running;
mod runtime_end;
mod seek;
mod stats;
mod target;
mod throttle;
mod timers;
mod topic_partitions;
mod transactional;
mod watchdog;
mod worker;

#[cfg(test)]
mod tests;

pub(crate) use ack::Verdict;
pub use ack::{AckMode, AckToken, LateAcknowledgment};
pub use alarm::{Alarm, AlarmHook, AlarmKind};
pub use batch::{
    Acknowledgments, Batch, BatchDef, BatchOutcome, BatchRecord, BatchResult, BatchSpec, FromBatch,
    Inner, MissingResult, NotReached, Undecoded,
};
pub use breaker::BreakerSpec;
pub use cancel::CancelReason;
pub(crate) use cancel::CancelWatch;
pub use command::StopReport;
pub use container::ListenerContainer;
pub use container_error::ContainerError;
pub use context::{ConsumerContext, ListenerContext, States};
pub use def::{BootCheck, ErrorHandlerDef, LISTENERS, ListenerDef, RetryDef, SendToDef, Source};
#[doc(hidden)]
pub use delivery::DeliveryParts;
pub use delivery::{Delivery, Finished, HandlerFuture, Invoke};
pub use deps::ContainerDeps;
pub(crate) use endpoint::READ_BYTES;
pub use endpoint::{Handler, ListenerEndpoint};
pub use event::{ContainerEvent, EventStream};
pub use failure_hooks::FailureHooks;
pub use filter::Filter;
pub(crate) use gate::Gate;
pub use handler_slot::{HandlerSlot, Started};
pub use health::{ContainerHealth, HealthReason, RecordPlace};
pub use interceptor::{Interceptor, Interceptors};
pub(crate) use middleware::unthrottled;
pub use middleware::{
    AttemptFailed, AttemptFuture, AttemptTimeout, Handled, HandlerService, Layers,
};
pub(crate) use order::LaneKey;
pub use order::{Dispatch, Order};
pub(crate) use partition_control::ConsumerLine;
pub use partition_control::PartitionControl;
pub use progress::{AssignedPartition, PartitionProgress};
pub(crate) use quarantine::CrashedConsumer;
pub use quarantine::QuarantineSpec;
pub(crate) use quarantine::Warden;
pub use rate_limit::{RateLimit, RateLimitError};
pub use rebalance_listener::RebalanceListener;
pub use reply::{IntoReplies, Replies, Reply, ReplyRejection, ReplyTarget, SendTo};
pub use retry_budget::RetryBudgetSpec;
pub use seek::{SeekError, SeekFunction, SeekTo, Sought};
pub use stats::StatsSnapshot;
pub use target::Target;
pub use topic_partitions::{StartFrom, TopicPartitions, TopicPartitionsError};
pub use transactional::{TransactionDef, TransactionSpec};
