//! Listeners, connections and dispatch: from a socket's bytes to a handler and back.

mod bind;
mod broker;
mod builder;
mod clients;
mod connection;
mod dispatch;
mod door;
mod endpoint;
mod flush_policy;
mod idle;
mod impostor;
mod inbox;
mod limits;
mod listener;
mod metered;
mod node;
mod refusal;
mod remains;
mod reply;
mod running;
mod start_error;
mod state;
mod surroundings;
mod watched;

#[cfg(test)]
mod tests;

pub use broker::{Broker, Restart};
pub use builder::BrokerBuilder;
pub(crate) use dispatch::{ServedApi, served_apis};
pub(crate) use endpoint::{Endpoint, Node};
pub use flush_policy::FlushPolicy;
pub use node::BrokerNode;
pub use start_error::StartError;
pub(crate) use state::BrokerState;
