//! Listeners, connections and dispatch: from a socket's bytes to a handler and back.

mod broker;
mod builder;
mod clients;
mod connection;
mod dispatch;
mod endpoint;
mod impostor;
mod inbox;
mod listener;
mod state;

#[cfg(test)]
mod tests;

pub use broker::Broker;
pub use builder::{BrokerBuilder, StartError};
pub(crate) use dispatch::served_apis;
pub(crate) use endpoint::Endpoint;
pub(crate) use state::BrokerState;
