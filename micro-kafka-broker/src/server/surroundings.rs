//! What outlives a broker's crash, whatever becomes of its data.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::clients::Clients;
use crate::clock::BrokerClock;
use crate::fault::{Faults, Journal};
use crate::loggers::Loggers;

/// What outlives a broker's crash, whatever becomes of its data.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    /// Time.
    pub(super) clock: BrokerClock,
    /// What goes wrong on command.
    pub(super) faults: Faults,
    /// What was asked and answered.
    pub(super) journal: Journal,
    /// How many clients are connected.
    pub(super) clients: Clients,
    /// How many connections there have been.
    pub(super) connections: Arc<AtomicU64>,
    /// The levels of the program's log, for admin clients; `None` where it keeps them to itself.
    pub(super) loggers: Option<Loggers>,
}

impl Surroundings {
    /// Those of a broker that runs by this clock.
    pub(super) fn new(clock: BrokerClock) -> Self {
        Self {
            journal: Journal::new(clock.clock().now()),
            clock,
            faults: Faults::default(),
            clients: Clients::none(),
            connections: Arc::default(),
            loggers: None,
        }
    }
}
