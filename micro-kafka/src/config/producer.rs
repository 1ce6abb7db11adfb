//! `[kafka.producer]`: what all producers share.

use std::time::Duration;

use super::ConfigError;
use super::Properties;
use super::names::{check_client_id, check_transaction_id_prefix};
use super::property_check::{Room, read_properties};
use super::section::Section;
use super::tree::Node;
use super::values::{boolean, checked, choice, duration, integer, positive_duration, size};

/// Each of them has threads and connections of its own.
const MAX_TRANSACTION_PRODUCERS: usize = 1_000;

/// Settings of all producers.
#[derive(Debug, Clone, PartialEq)]
pub struct ProducerSettings {
    /// `acks`: who must have a record before it counts as sent; default `all`.
    pub acks: Acks,
    /// `client-id`: how brokers name the producers in logs and quotas; over `kafka.client-id`.
    pub client_id: Option<String>,
    /// `linger`: how long a batch waits for more records.
    pub linger: Option<Duration>,
    /// `batch-size`: bytes of one batch at most.
    pub batch_size: Option<u64>,
    /// `buffer-memory`: bytes of all records that wait to be sent; a whole number of KiB.
    pub buffer_memory: Option<u64>,
    /// `compression-type`: of batches.
    pub compression_type: Option<Compression>,
    /// `retries`: how often a failed send is repeated; by default until its time is over.
    pub retries: Option<u32>,
    /// `flush-timeout`: how long the end of the service waits for unsent records. Default 10 s.
    pub flush_timeout: Duration,
    /// `transaction-id-prefix`: what transactional ids begin with; another one for each instance of
    /// the service. With it, sends outside of a transaction are refused.
    pub transaction_id_prefix: Option<String>,
    /// `transaction-timeout`: how long a transaction may last. Default 60 s.
    pub transaction_timeout: Duration,
    /// `transaction-producers`: transactions at the same time. Default 4.
    pub transaction_producers: usize,
    /// `allow-non-transactional`: takes sends outside of a transaction all the same.
    pub allow_non_transactional: bool,
    /// `[kafka.producer.properties]`: librdkafka properties of all producers.
    pub properties: Properties,
}

impl Default for ProducerSettings {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            client_id: None,
            linger: None,
            batch_size: None,
            buffer_memory: None,
            compression_type: None,
            retries: None,
            flush_timeout: Duration::from_secs(10),
            transaction_id_prefix: None,
            transaction_timeout: Duration::from_secs(60),
            transaction_producers: 4,
            allow_non_transactional: false,
            properties: Properties::default(),
        }
    }
}

impl ProducerSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let settings = Self::read_over(&mut section, &Self::default());
        section.refuse_unknown();
        settings
    }

    /// Reads what is not in `base`'s properties anyhow.
    pub(crate) fn read_over(section: &mut Section<'_>, base: &Self) -> Self {
        Self {
            acks: section
                .read("acks", choice(&Acks::NAMES))
                .unwrap_or(base.acks),
            client_id: section.read("client-id", checked(check_client_id)),
            linger: section.read("linger", duration),
            batch_size: section.read("batch-size", size),
            buffer_memory: section.read("buffer-memory", whole_kibibytes),
            compression_type: section.read("compression-type", choice(&Compression::NAMES)),
            retries: section.read("retries", integer(0..=u32::MAX / 2)),
            flush_timeout: section
                .read("flush-timeout", duration)
                .unwrap_or(base.flush_timeout),
            transaction_id_prefix: section.read(
                "transaction-id-prefix",
                checked(check_transaction_id_prefix),
            ),
            transaction_timeout: section
                .read("transaction-timeout", positive_duration)
                .unwrap_or(base.transaction_timeout),
            transaction_producers: section
                .read(
                    "transaction-producers",
                    integer(1..=MAX_TRANSACTION_PRODUCERS),
                )
                .unwrap_or(base.transaction_producers),
            allow_non_transactional: section
                .read("allow-non-transactional", boolean)
                .unwrap_or(base.allow_non_transactional),
            properties: read_properties(&section.inner("properties"), Room::Producer),
        }
    }
}

// librdkafka counts this one in KiB.
fn whole_kibibytes(node: &Node) -> Result<u64, ConfigError> {
    match size(node)? {
        bytes if bytes > 0 && bytes.is_multiple_of(1_024) => Ok(bytes),
        _ => Err(ConfigError::invalid(
            "must be a whole number of KiB, for example \"32MiB\"",
        )),
    }
}

/// Who must have a record before it counts as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Acks {
    /// `all`: all in-sync replicas.
    #[default]
    All,
    /// `1`: the leader. Needs `enable.idempotence = false`.
    Leader,
    /// `0`: nobody. Needs `enable.idempotence = false`.
    None,
}

impl Acks {
    pub(crate) const NAMES: [(&'static str, Self); 4] = [
        ("all", Self::All),
        ("1", Self::Leader),
        ("0", Self::None),
        ("-1", Self::All),
    ];

    /// The value of librdkafka's `acks`.
    #[must_use]
    pub fn as_property(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Leader => "1",
            Self::None => "0",
        }
    }
}

/// How batches are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// `none`.
    None,
    /// `gzip`.
    Gzip,
    /// `snappy`.
    Snappy,
    /// `lz4`.
    Lz4,
    /// `zstd`.
    Zstd,
}

impl Compression {
    pub(crate) const NAMES: [(&'static str, Self); 5] = [
        ("none", Self::None),
        ("gzip", Self::Gzip),
        ("snappy", Self::Snappy),
        ("lz4", Self::Lz4),
        ("zstd", Self::Zstd),
    ];

    /// The value of librdkafka's `compression.type`.
    #[must_use]
    pub fn as_property(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}
