//! How a template makes its transactions.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// How a template makes its transactions; part of its [`TemplateConfig`](super::super::TemplateConfig).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionConfig {
    /// What the producers' transactional ids begin with; a number follows. It must be another one
    /// for each instance of the service, and the same one after a restart: then what a crashed
    /// instance left open is aborted at once, instead of after [`timeout`](Self::timeout).
    ///
    /// A template with a prefix is transactional: it refuses sends outside of a transaction, unless
    /// [`allow_non_transactional`](Self::allow_non_transactional). Without one (the default) both
    /// work, and the ids are random.
    pub id_prefix: Option<String>,
    /// How long a transaction may last before the broker aborts it; 60 s.
    pub timeout: Duration,
    /// Transactions at the same time, each on a producer of its own; 4. Further ones wait.
    pub producers: usize,
    /// Whether a transactional template takes sends outside of a transaction; `false`.
    pub allow_non_transactional: bool,
}

impl Default for TransactionConfig {
    fn default() -> Self {
        Self {
            id_prefix: None,
            timeout: Duration::from_secs(60),
            producers: 4,
            allow_non_transactional: false,
        }
    }
}

impl TransactionConfig {
    /// Whether sends outside of a transaction are refused.
    pub(in crate::template) fn refuses_plain_sends(&self) -> bool {
        self.id_prefix.is_some() && !self.allow_non_transactional
    }

    /// The prefix of the ids, namespace included; a random one where none is set.
    pub(super) fn full_prefix(&self, namespace: &str) -> String {
        match &self.id_prefix {
            Some(prefix) => format!("{namespace}{prefix}"),
            None => format!("{namespace}{}", random_prefix()),
        }
    }
}

/// A prefix that nobody else has.
pub(crate) fn random_prefix() -> String {
    let random = RandomState::new().build_hasher().finish();
    format!("mk-{random:016x}-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_random_unless_a_prefix_is_set() {
        let mut config = TransactionConfig::default();
        assert_ne!(config.full_prefix("t."), config.full_prefix("t."));
        assert!(!config.refuses_plain_sends());
        config.id_prefix = Some("billing-0-".into());
        assert_eq!(config.full_prefix("t."), "t.billing-0-");
        assert!(config.refuses_plain_sends());
        config.allow_non_transactional = true;
        assert!(!config.refuses_plain_sends());
    }
}
