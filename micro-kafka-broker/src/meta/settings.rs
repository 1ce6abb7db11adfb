//! A topic's configurations in the form in which they are used.

use super::broker_config::Values;
use super::{BrokerConfig, topic_config};
use crate::batch::{Rules, TimestampBounds};
use crate::log::LogLayout;

/// What appending to a topic must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicSettings {
    /// What batches are accepted.
    pub(crate) rules: Rules,
    /// How the log is laid out.
    pub(crate) layout: LogLayout,
    /// Whether the broker stamps records (`message.timestamp.type=LogAppendTime`).
    pub(crate) log_append_time: bool,
    /// Replicas needed for acks=all.
    pub(crate) min_insync_replicas: usize,
    /// Time without a write after which a producer is forgotten, in milliseconds
    /// (`producer.id.expiration.ms` of the broker).
    pub(crate) producer_expiration_ms: i64,
    /// Records after which the log is flushed before they are acknowledged (`flush.messages`).
    pub(crate) flush_messages: i64,
    /// Milliseconds after which the log is flushed (`flush.ms`).
    pub(crate) flush_ms: i64,
}

impl TopicSettings {
    pub(super) fn new(overrides: &Values, broker: &BrokerConfig) -> Self {
        let text = |name| topic_config::effective(name, overrides, broker).unwrap_or_default();
        let number = |name| text(name).trim().parse::<i64>().unwrap_or_default();
        let size = |name| usize::try_from(number(name)).unwrap_or(usize::MAX);
        let log_append_time = text("message.timestamp.type") == "LogAppendTime";
        let bounds = TimestampBounds {
            before_max: number("message.timestamp.before.max.ms"),
            after_max: number("message.timestamp.after.max.ms"),
        };
        Self {
            rules: Rules {
                max_batch_bytes: size("max.message.bytes"),
                keys_needed: text("cleanup.policy")
                    .split(',')
                    .any(|p| p.trim() == "compact"),
                timestamps: (!log_append_time).then_some(bounds),
            },
            layout: LogLayout {
                segment_bytes: match text("internal.segment.bytes").as_str() {
                    "" => size("segment.bytes"),
                    _ => size("internal.segment.bytes"),
                },
                index_interval_bytes: size("index.interval.bytes"),
            },
            log_append_time,
            min_insync_replicas: size("min.insync.replicas"),
            producer_expiration_ms: broker.number("producer.id.expiration.ms"),
            flush_messages: number("flush.messages"),
            flush_ms: number("flush.ms"),
        }
    }
}
