//! A topic's configurations in the form in which they are used.

use super::broker_config::Values;
use super::{BrokerConfig, topic_config};
use crate::batch::{Rules, TimestampBounds};
use crate::log::{LogLayout, Retention};

/// What a topic's records are appended and kept by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TopicSettings {
    /// What batches are accepted.
    pub(crate) rules: Rules,
    /// How the log is laid out.
    pub(crate) layout: LogLayout,
    /// Whether the broker stamps records (`message.timestamp.type=LogAppendTime`).
    pub(crate) log_append_time: bool,
    /// Replicas needed for acks=all.
    pub(crate) min_insync_replicas: usize,
    /// Records after which the log is flushed before they are acknowledged (`flush.messages`).
    pub(crate) flush_messages: i64,
    /// Milliseconds after which the log is flushed (`flush.ms`).
    pub(crate) flush_ms: i64,
    /// What becomes of old records.
    pub(crate) cleanup: Cleanup,
}

/// What becomes of a topic's old records.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cleanup {
    /// Whether they are deleted (`cleanup.policy`).
    pub(crate) delete: bool,
    /// Whether only the last record of each key is kept (`cleanup.policy`).
    pub(crate) compact: bool,
    /// By what they are deleted.
    pub(crate) retention: Retention,
    /// Share of uncompacted bytes at which compaction begins (`min.cleanable.dirty.ratio`).
    pub(crate) min_dirty_ratio: f64,
    /// Milliseconds that a record stays uncompacted at least (`min.compaction.lag.ms`).
    pub(crate) min_lag_ms: i64,
    /// Milliseconds that a record stays uncompacted at most (`max.compaction.lag.ms`).
    pub(crate) max_lag_ms: i64,
    /// Milliseconds for which readers can see that a key was deleted (`delete.retention.ms`).
    pub(crate) delete_retention_ms: i64,
}

impl Cleanup {
    /// What expires without anybody asking: nothing where records are only compacted.
    pub(crate) fn expiry(&self) -> Retention {
        match self.delete {
            true => self.retention,
            false => Retention::default(),
        }
    }

    /// Whether clients may delete records.
    pub(crate) fn allows_deletion(&self) -> bool {
        self.delete || !self.compact
    }
}

impl TopicSettings {
    pub(super) fn new(overrides: &Values, broker: &BrokerConfig) -> Self {
        let text = |name| topic_config::effective(name, overrides, broker).unwrap_or_default();
        let number = |name| text(name).trim().parse::<i64>().unwrap_or_default();
        let size = |name| usize::try_from(number(name)).unwrap_or(usize::MAX);
        let policies = text("cleanup.policy");
        let has_policy = |policy| policies.split(',').any(|p| p.trim() == policy);
        let log_append_time = text("message.timestamp.type") == "LogAppendTime";
        let bounds = TimestampBounds {
            before_max: number("message.timestamp.before.max.ms"),
            after_max: number("message.timestamp.after.max.ms"),
        };
        let cleanup = Cleanup {
            delete: has_policy("delete"),
            compact: has_policy("compact"),
            retention: Retention {
                millis: Some(number("retention.ms")).filter(|ms| *ms >= 0),
                bytes: usize::try_from(number("retention.bytes")).ok(),
            },
            min_dirty_ratio: text("min.cleanable.dirty.ratio")
                .trim()
                .parse()
                .unwrap_or(0.5),
            min_lag_ms: number("min.compaction.lag.ms"),
            max_lag_ms: number("max.compaction.lag.ms"),
            delete_retention_ms: number("delete.retention.ms"),
        };
        let segment_ms = number("segment.ms");
        Self {
            rules: Rules {
                max_batch_bytes: size("max.message.bytes"),
                keys_needed: cleanup.compact,
                timestamps: (!log_append_time).then_some(bounds),
            },
            layout: LogLayout {
                segment_bytes: match text("internal.segment.bytes").as_str() {
                    "" => size("segment.bytes"),
                    _ => size("internal.segment.bytes"),
                },
                // A record that must be compacted by then must be out of the active segment.
                segment_ms: match cleanup.compact {
                    true => segment_ms.min(cleanup.max_lag_ms),
                    false => segment_ms,
                },
                segment_jitter_ms: number("segment.jitter.ms"),
                index_interval_bytes: size("index.interval.bytes"),
                max_index_bytes: size("segment.index.bytes"),
            },
            log_append_time,
            min_insync_replicas: size("min.insync.replicas"),
            cleanup,
            flush_messages: number("flush.messages"),
            flush_ms: number("flush.ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(topic: &[(&str, &str)], broker: &[(&str, &str)]) -> TopicSettings {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let broker = BrokerConfig::new(broker.iter().map(text)).unwrap();
        TopicSettings::new(&topic.iter().map(text).collect(), &broker)
    }

    #[test]
    fn the_finest_unit_of_the_broker_wins_and_the_topic_over_it() {
        let retention = |topic: &[(&str, &str)], broker: &[(&str, &str)]| {
            settings(topic, broker).cleanup.expiry().millis
        };
        assert_eq!(retention(&[], &[]), Some(604_800_000));
        let hours = ("log.retention.hours", "2");
        let minutes = ("log.retention.minutes", "3");
        let millis = ("log.retention.ms", "4");
        assert_eq!(retention(&[], &[hours]), Some(7_200_000));
        assert_eq!(retention(&[], &[hours, minutes]), Some(180_000));
        assert_eq!(retention(&[], &[hours, minutes, millis]), Some(4));
        assert_eq!(
            retention(&[("retention.ms", "5")], &[hours, millis]),
            Some(5)
        );
        assert_eq!(retention(&[("retention.ms", "-1")], &[]), None);
        assert_eq!(retention(&[], &[("log.retention.hours", "-1")]), None);
        assert_eq!(retention(&[("cleanup.policy", "compact")], &[millis]), None);
    }

    #[test]
    fn a_compacted_topics_segments_end_with_the_longest_lag() {
        let roll = |topic: &[(&str, &str)]| {
            settings(topic, &[("log.roll.hours", "1")])
                .layout
                .segment_ms
        };
        let lag = ("max.compaction.lag.ms", "1000");
        assert_eq!(roll(&[]), 3_600_000);
        assert_eq!(roll(&[lag]), 3_600_000);
        assert_eq!(roll(&[lag, ("cleanup.policy", "compact,delete")]), 1000);
    }

    #[test]
    fn clients_delete_records_unless_they_are_only_compacted() {
        let allows = |policy| {
            settings(&[("cleanup.policy", policy)], &[])
                .cleanup
                .allows_deletion()
        };
        assert!(allows("delete") && allows("compact,delete") && !allows("compact"));
    }
}
