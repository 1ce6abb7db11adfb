//! Which connections are let in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::overrides::overrides;
use super::rate::CreationRate;
use crate::clock::Clock;
use crate::meta::BrokerConfig;
use crate::server::start_error::StartError;

/// The limits of a broker, over all its listeners.
#[derive(Debug)]
pub(in crate::server) struct ConnectionLimits {
    clock: Clock,
    slots: Arc<Semaphore>,
    rate: Mutex<CreationRate>,
    per_ip: usize,
    overrides: HashMap<IpAddr, usize>,
    connected: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// Room for one more connection; given back when it is dropped.
#[derive(Debug)]
pub(in crate::server) struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// A connection that was let in; counts until it is dropped.
#[derive(Debug)]
pub(in crate::server) struct Admitted {
    ip: IpAddr,
    connected: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _slot: Slot,
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
    pub(in crate::server) async fn from_config(
        config: &BrokerConfig,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let number = |name| usize::try_from(config.number(name)).unwrap_or(usize::MAX);
        let hosts = config.get("max.connections.per.ip.overrides");
        let rate = u32::try_from(number("max.connection.creation.rate")).unwrap_or(u32::MAX);
        let slots = number("max.connections").min(Semaphore::MAX_PERMITS);
        Ok(Self {
            clock,
            slots: Arc::new(Semaphore::new(slots)),
            rate: Mutex::new(CreationRate::new(rate)),
            per_ip: number("max.connections.per.ip"),
            overrides: overrides(&hosts.unwrap_or_default()).await?,
            connected: Arc::default(),
        })
    }

    /// Waits until another connection may be served.
    ///
    /// Cancel safe.
    pub(in crate::server) async fn room(&self) -> Slot {
        let slot = match Arc::clone(&self.slots).acquire_owned().await {
            Ok(permit) => Slot { _permit: permit },
            // It is never closed.
            Err(_) => std::future::pending().await,
        };
        loop {
            let now = self.clock.now();
            let wait = self.rate.lock().wait(now);
            match wait {
                Some(wait) if wait.is_zero() => return slot,
                Some(wait) => self.clock.sleep_until(now + wait).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Lets a client in that has been accepted.
    ///
    /// # Errors
    /// [`TooMany`] if its host has enough connections; it is to be closed.
    pub(in crate::server) fn admit(&self, slot: Slot, ip: IpAddr) -> Result<Admitted, TooMany> {
        self.rate.lock().count(self.clock.now());
        let limit = *self.overrides.get(&ip).unwrap_or(&self.per_ip);
        let mut connected = self.connected.lock();
        let count = connected.get(&ip).copied().unwrap_or(0);
        if count >= limit {
            return Err(TooMany { ip, limit });
        }
        connected.insert(ip, count + 1);
        Ok(Admitted {
            ip,
            connected: Arc::clone(&self.connected),
            _slot: slot,
        })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut connected = self.connected.lock();
        if let Some(count) = connected.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                connected.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::{Instant, timeout};

    async fn limits(values: &[(&str, &str)]) -> ConnectionLimits {
        let config = BrokerConfig::new(values.iter().copied()).unwrap();
        ConnectionLimits::from_config(&config, Clock::system())
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
        assert!(limits.connected.lock().is_empty(), "nobody is remembered");
        assert!(limits.admit(limits.room().await, ip(1)).is_ok());
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
