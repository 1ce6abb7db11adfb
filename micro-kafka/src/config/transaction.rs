//! `[kafka.listener.transaction]`: how a transactional listener makes its transactions.

use std::time::Duration;

use super::names::check_transaction_id_prefix;
use super::section::Section;
use super::values::{checked, duration, integer, positive_duration};
use crate::listener::TransactionSpec;

/// What is aborted is handled again.
const MAX_TRANSACTION: usize = 100_000;

/// How transactions are made, as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionSettings {
    /// `max`: about the most records of one; 1 to 100,000.
    pub max: Option<usize>,
    /// `linger`: how long one that is not full waits for more records.
    pub linger: Option<Duration>,
    /// `timeout`: how long one may last.
    pub timeout: Option<Duration>,
    /// `id-prefix`: what transactional ids begin with; by default that of `[kafka.producer]`.
    pub id_prefix: Option<String>,
}

impl TransactionSettings {
    pub(super) fn or(self, fallback: &Self) -> Self {
        Self {
            max: self.max.or(fallback.max),
            linger: self.linger.or(fallback.linger),
            timeout: self.timeout.or(fallback.timeout),
            id_prefix: self.id_prefix.or_else(|| fallback.id_prefix.clone()),
        }
    }

    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            max: section.read("max", integer(1..=MAX_TRANSACTION)),
            linger: section.read("linger", duration),
            timeout: section.read("timeout", positive_duration),
            id_prefix: section.read("id-prefix", checked(check_transaction_id_prefix)),
        };
        section.refuse_unknown();
        settings
    }

    /// With the defaults; ids begin with the first prefix that there is.
    pub(super) fn resolved(self, producer: Option<&str>) -> TransactionSpec {
        let default = TransactionSpec::default();
        TransactionSpec {
            max: self.max.unwrap_or(default.max),
            linger: self.linger.unwrap_or(default.linger),
            timeout: self.timeout.unwrap_or(default.timeout),
            id_prefix: self.id_prefix.or_else(|| producer.map(Into::into)),
        }
    }
}
