//! How a relay works.

use std::time::Duration;

/// How the relay of an outbox works; the defaults suit most services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelaySettings {
    /// How long a lease holds without being renewed: another instance takes over after that time.
    /// Default 10 s.
    pub lease: Duration,
    /// How often the table is looked at where nobody tells of new rows: always in SQLite for rows
    /// of other processes, in PostgreSQL as a safeguard. Default 500 ms.
    pub poll: Duration,
    /// The most records that are read, sent and deleted together, and so the most that a crash
    /// sends twice. Default 1,000.
    pub batch: u32,
    /// How many parts the outbox has, each with a lease of its own: the same in all instances.
    /// Default 1.
    pub shards: u16,
    /// The longest wait before a record that failed is tried again; the first is 100 ms. Default
    /// 30 s.
    pub max_back_off: Duration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            poll: Duration::from_millis(500),
            batch: 1_000,
            shards: 1,
            max_back_off: Duration::from_secs(30),
        }
    }
}

impl RelaySettings {
    /// Sets [`lease`](Self::lease).
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets [`poll`](Self::poll).
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Sets [`batch`](Self::batch).
    #[must_use]
    pub fn batch(mut self, batch: u32) -> Self {
        self.batch = batch.max(1);
        self
    }

    /// Sets [`shards`](Self::shards).
    #[must_use]
    pub fn shards(mut self, shards: u16) -> Self {
        self.shards = shards.max(1);
        self
    }

    /// Sets [`max_back_off`](Self::max_back_off).
    #[must_use]
    pub fn max_back_off(mut self, max: Duration) -> Self {
        self.max_back_off = max;
        self
    }
}
