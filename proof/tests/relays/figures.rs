//! What came of a trial, and how much of it may be.

use std::fmt;
use std::time::Duration;

use super::check::Apart;
use super::process::Service;

/// The most that a relay has read and not deleted.
const BATCH: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Figures {
    database: &'static str,
    rows: usize,
    pub(crate) took: Duration,
    /// How often each was killed.
    writers: usize,
    relays: usize,
    handlers: usize,
    pub(crate) brokers: usize,
    /// How often a relay has taken over from another one.
    pub(crate) takeovers: usize,
    /// How often a consumer has lost its partitions: its group took it for dead.
    losses: usize,
    /// Records that were sent more than once.
    pub(crate) resent: usize,
    /// Effects apart from their marks: those with marks in Redis, and in a topic.
    pub(crate) apart: [Apart; 2],
}

impl Figures {
    pub(crate) fn of(database: &'static str, rows: usize, services: &[Service]) -> Self {
        let killed = |name: &str| {
            let own = services.iter().filter(|own| own.name.starts_with(name));
            own.map(|own| own.kills).sum()
        };
        Self {
            database,
            rows,
            took: Duration::ZERO,
            writers: killed("write"),
            relays: killed("relay"),
            handlers: killed("handle"),
            brokers: 0,
            takeovers: 0,
            losses: services.iter().map(Service::losses).sum(),
            resent: 0,
            apart: [Apart::default(); 2],
        }
    }

    /// A relay that is gone leaves what it had read to the next one, and a process what is in its
    /// handlers, one record of each partition; so does one whose group takes it for dead.
    pub(crate) fn assert_bounds(&self, partitions: usize) {
        let bound = BATCH * self.takeovers;
        assert!(self.resent <= bound, "{bound} may be sent twice: {self:?}");
        let bound = partitions * self.losses;
        for of in self.apart {
            assert!(of.alive <= bound, "{bound} effects may be twice: {self:?}");
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [redis, topic] = self.apart.map(|of| of.twice);
        write!(
            f,
            "{}, {} rows in {:.0?}; killed: writer {}, relays {}, handlers {}, broker {}. Outbox: 0 \
             lost, 0 out of order, {} sent twice ({} takeovers). Double effects: SQL 0, topic in \
             transactions 0; of those apart from their marks only what was in a handler at a kill: \
             Redis {redis}, topic {topic}",
            self.database,
            self.rows,
            self.took,
            self.writers,
            self.relays,
            self.handlers,
            self.brokers,
            self.resent,
            self.takeovers,
        )
    }
}
