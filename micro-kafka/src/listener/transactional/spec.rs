//! How a transactional listener makes its transactions.

use std::time::Duration;

/// Transactions as an attribute declares them; what is `None` comes from the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransactionDef {
    /// The most records of one transaction.
    pub max: Option<u32>,
    /// How long a transaction that is not full waits for more records.
    pub linger: Option<Duration>,
}

/// How a transactional listener makes its transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionSpec {
    /// About how many records go into one; what is finished at the same moment goes with them.
    /// Default 500; 1: each record by itself. Larger ones are faster.
    pub max: usize,
    /// How long one that is not full waits for more records, by the framework's clock. Default
    /// zero: it begins when all that was read is finished.
    pub linger: Duration,
    /// How long one may last before the broker aborts it; default 10 s. What a crashed instance
    /// leaves open holds readers back for so long, unless the instance comes back with the same
    /// ids.
    pub timeout: Duration,
    /// What its transactional ids begin with: another text for each instance of the service, the
    /// same after a restart. `None`: ids are random.
    pub id_prefix: Option<String>,
}

impl Default for TransactionSpec {
    fn default() -> Self {
        Self {
            max: 500,
            linger: Duration::ZERO,
            timeout: Duration::from_secs(10),
            id_prefix: None,
        }
    }
}
