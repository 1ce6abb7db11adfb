//! Which connections are let in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::overrides::overrides;
use super::rate::CreationRate;
use crate::clock::Clock;
use crate::meta::Catalog;
use crate::server::start_error::StartError;

/// After so long a limit is looked at again, as it may have been changed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const OVERRIDES: &str = "max.connections.per.ip.overrides";

/// The limits of a broker, over all its listeners: those in force when a client comes.
#[derive(Debug)]
pub(in crate::server) struct ConnectionLimits {
    catalog: Arc<Catalog>,
    clock: Clock,
    rate: Mutex<CreationRate>,
    overrides: Mutex<Overrides>,
    open: Arc<Open>,
}

/// The limits of single hosts, and the text that they were read from.
#[derive(Debug, Default)]
struct Overrides {
    text: String,
    limits: HashMap<IpAddr, usize>,
}

/// The connections that there are.
#[derive(Debug, Default)]
struct Open {
    counts: Mutex<Counts>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_ip: HashMap<IpAddr, usize>,
}

/// Room for one more connection; given back when it is dropped.
#[derive(Debug)]
pub(in crate::server) struct Slot(Arc<Open>);

/// A connection that was let in; counts until it is dropped.
#[derive(Debug)]
pub(in crate::server) struct Admitted {
    ip: IpAddr,
    slot: Slot,
}

/// The host has as many connections as it may have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{ip} has {limit} connections, which is its limit (max.connections.per.ip)")]
pub(in crate::server) struct TooMany {
    ip: IpAddr,
    limit: usize,
}

impl ConnectionLimits {
    /// The limits of `max.connections`, `max.connections.per.ip`, its overrides, and
    /// `max.connection.creation.rate`.
    ///
    /// # Errors
    /// [`StartError::Config`] if the overrides cannot be read.
    pub(in crate::server) async fn new(
        catalog: Arc<Catalog>,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let limits = Self {
            catalog,
            clock,
            rate: Mutex::default(),
            overrides: Mutex::default(),
            open: Arc::default(),
        };
        limits.read_overrides().await?;
        Ok(limits)
    }

    fn limit(&self, name: &str) -> usize {
        usize::try_from(self.catalog.config().number(name)).unwrap_or(usize::MAX)
    }

    /// Reads the overrides if their text has changed.
    async fn read_overrides(&self) -> Result<(), StartError> {
        let text = self.catalog.config().get(OVERRIDES).unwrap_or_default();
        if text == self.overrides.lock().text {
            return Ok(());
        }
        let limits = overrides(&text).await;
        let mut known = self.overrides.lock();
        // What cannot be read is told once, and leaves the limits as they are.
        known.text = text;
        known.limits = limits?;
        Ok(())
    }

    /// Waits until another connection may be served.
    ///
    /// Cancel safe.
    pub(in crate::server) async fn room(&self) -> Slot {
        if let Err(error) = self.read_overrides().await {
            tracing::warn!(%error, "limits of hosts stay as they are");
        }
        let slot = self.slot().await;
        loop {
            let per_second = self.limit("max.connection.creation.rate");
            let now = self.clock.now();
            let wait = self.rate.lock().wait(per_second, now);
            if wait.is_zero() {
                return slot;
            }
            self.clock.sleep_until(now + wait.min(LOOK_AGAIN)).await;
        }
    }

    async fn slot(&self) -> Slot {
        loop {
            let freed = self.open.freed.notified();
            tokio::pin!(freed);
            // What is freed from here on is not missed.
            freed.as_mut().enable();
            if let Some(slot) = self.free_slot() {
                return slot;
            }
            let again = self.clock.sleep_until(self.clock.now() + LOOK_AGAIN);
            tokio::select! {
                () = freed => {}
                () = again => {}
            }
        }
    }

    fn free_slot(&self) -> Option<Slot> {
        let limit = self.limit("max.connections");
        let mut counts = self.open.counts.lock();
        if counts.all >= limit {
            return None;
        }
        counts.all += 1;
        Some(Slot(Arc::clone(&self.open)))
    }

    /// Lets a client in that has been accepted.
    ///
    /// # Errors
    /// [`TooMany`] if its host has enough connections; it is to be closed.
    pub(in crate::server) fn admit(&self, slot: Slot, ip: IpAddr) -> Result<Admitted, TooMany> {
        let per_second = self.limit("max.connection.creation.rate");
        self.rate.lock().count(per_second, self.clock.now());
        let own = self.overrides.lock().limits.get(&ip).copied();
        let limit = own.unwrap_or_else(|| self.limit("max.connections.per.ip"));
        let mut counts = self.open.counts.lock();
        let count = counts.by_ip.get(&ip).copied().unwrap_or(0);
        if count >= limit {
            drop(counts);
            return Err(TooMany { ip, limit });
        }
        counts.by_ip.insert(ip, count + 1);
        drop(counts);
        Ok(Admitted { ip, slot })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.counts.lock().all -= 1;
        self.0.freed.notify_waiters();
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = self.slot.0.counts.lock();
        if let Some(count) = counts.by_ip.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                counts.by_ip.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::BrokerConfig;
    use tokio::time::{Instant, timeout};

    async fn limits(values: &[(&str, &str)]) -> ConnectionLimits {
        let config = BrokerConfig::new(values.iter().copied()).unwrap();
        let catalog = Arc::new(Catalog::new(config, vec![0]));
        ConnectionLimits::new(catalog, Clock::system())
            .await
            .unwrap()
    }

    const HOUR: Duration = Duration::from_secs(3600);

    fn ip(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_connection_waits_for_one_to_end() {
        let limits = limits(&[("max.connections", "2")]).await;
        let first = limits.admit(limits.room().await, ip(1)).unwrap();
        let _second = limits.admit(limits.room().await, ip(2)).unwrap();
        assert!(timeout(HOUR, limits.room()).await.is_err());
        drop(first);
        assert!(timeout(HOUR, limits.room()).await.is_ok());
    }

    #[tokio::test]
    async fn a_host_has_its_own_limit_or_that_of_all() {
        let limits = limits(&[
            ("max.connections.per.ip", "1"),
            ("max.connections.per.ip.overrides", "10.0.0.2:2,10.0.0.3:0"),
        ])
        .await;
        let mut open = Vec::new();
        for (last, most) in [(1, 1), (2, 2), (3, 0)] {
            for _ in 0..most {
                open.push(limits.admit(limits.room().await, ip(last)).unwrap());
            }
            let more = limits.admit(limits.room().await, ip(last));
            assert_eq!(more.unwrap_err().limit, most);
        }
        open.clear();
        let counts = limits.open.counts.lock();
        assert_eq!((counts.all, counts.by_ip.len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn connections_come_no_faster_than_allowed() {
        let limits = limits(&[("max.connection.creation.rate", "5")]).await;
        let begun = Instant::now();
        for _ in 0..20 {
            drop(limits.admit(limits.room().await, ip(1)).unwrap());
        }
        let took = begun.elapsed();
        assert!(took >= Duration::from_secs(3), "{took:?}");
        assert!(took < Duration::from_secs(4), "{took:?}");
    }

    #[tokio::test]
    async fn by_default_there_is_no_limit() {
        let limits = limits(&[]).await;
        let mut open = Vec::new();
        for _ in 0..5_000 {
            open.push(limits.admit(limits.room().await, ip(1)).unwrap());
        }
    }
}
