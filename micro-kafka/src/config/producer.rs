//! `[kafka.producer]`: what all producers share.

use std::time::Duration;

use super::ConfigError;
use super::Properties;
use super::names::check_client_id;
use super::property_check::{Room, read_properties};
use super::section::Section;
use super::tree::Node;
use super::values::{checked, choice, duration, integer, size};

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
            properties: Properties::default(),
        }
    }
}

impl ProducerSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let settings = Self {
            acks: section
                .read("acks", choice(&Acks::NAMES))
                .unwrap_or(default.acks),
            client_id: section.read("client-id", checked(check_client_id)),
            linger: section.read("linger", duration),
            batch_size: section.read("batch-size", size),
            buffer_memory: section.read("buffer-memory", whole_kibibytes),
            compression_type: section.read("compression-type", choice(&Compression::NAMES)),
            retries: section.read("retries", integer(0..=u32::MAX / 2)),
            flush_timeout: section
                .read("flush-timeout", duration)
                .unwrap_or(default.flush_timeout),
            properties: read_properties(&section.inner("properties"), Room::Producer),
        };
        section.refuse_unknown();
        settings
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
