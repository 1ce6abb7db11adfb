//! Faults on command, and what was asked of the broker.

use std::panic::Location;

use micro_kafka_broker::fault::{ApiKey, Chaos, FaultBuilder, Faults, Journal, Reign};

use crate::embedded::EmbeddedKafka;

impl EmbeddedKafka {
    /// What goes wrong on command: rules for requests, the disk, connections, markers.
    ///
    /// # Panics
    /// If the test runs on another Kafka, or on a broker that it shares with others.
    #[track_caller]
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.own_broker("`faults`", Location::caller()).faults()
    }

    /// Begins a rule for requests of an API, as in
    /// `kafka.on(ApiKey::Produce).topic("orders").once().disconnect()`.
    ///
    /// # Panics
    /// As [`EmbeddedKafka::faults`].
    #[track_caller]
    pub fn on(&self, api: ApiKey) -> FaultBuilder {
        self.own_broker("`on`", Location::caller()).faults().on(api)
    }

    /// What was asked of the broker, and what it answered.
    ///
    /// # Panics
    /// As [`EmbeddedKafka::faults`].
    #[track_caller]
    #[must_use]
    pub fn journal(&self) -> &Journal {
        self.own_broker("`journal`", Location::caller()).journal()
    }

    /// Lets chaos reign until what is returned is dropped; its seed is told, and
    /// `MICRO_KAFKA_CHAOS_SEED` repeats it.
    ///
    /// # Panics
    /// As [`EmbeddedKafka::faults`].
    #[track_caller]
    #[must_use = "chaos ends when this is dropped"]
    pub fn chaos(&self, chaos: Chaos) -> Reign {
        chaos.start(self.own_broker("`chaos`", Location::caller()).faults())
    }
}
