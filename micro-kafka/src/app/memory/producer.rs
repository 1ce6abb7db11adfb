//! A producer within its share.

use super::Shares;
use crate::config::{Config, Origin, Properties};
use crate::template::TemplateConfig;

pub(super) const QUEUE: &str = "queue.buffering.max.kbytes";
const RECORDS: &str = "queue.buffering.max.messages";
const LARGEST: &str = "message.max.bytes";
/// What librdkafka and the future of its delivery take for a record beside its bytes.
const ADMINISTRATION: u64 = 512;
/// As many records as without a budget.
const MOST_RECORDS: u64 = 100_000;
/// The least that a share may be, whatever records may be.
const LEAST: u64 = 256 << 10;

/// The bytes of a share for unsent records; the rest is for what comes with each of them.
fn queue(share: u64) -> u64 {
    share / 4 * 3
}

/// The share of which somebody wrote how many bytes of unsent records there may be.
pub(super) fn written(properties: &Properties) -> Option<u64> {
    let origin = properties.origin(QUEUE)?;
    let kibibytes: u64 = properties.get(QUEUE)?.trim().parse().ok()?;
    (*origin != Origin::Default).then(|| kibibytes.saturating_mul(1_024) / 3 * 4)
}

/// The least share: the queue has to hold the largest record.
pub(super) fn least(properties: &Properties) -> u64 {
    let largest = properties
        .get(LARGEST)
        .and_then(|bytes| bytes.trim().parse().ok());
    let largest: u64 = largest.unwrap_or(1_000_000);
    LEAST.max((largest / 3 + 1_024) * 4)
}

/// The configuration of a template with its share, unless somebody wrote another size.
pub(in crate::app) fn bounded(
    mut made: TemplateConfig,
    name: Option<&str>,
    config: &Config,
    shares: &Shares,
) -> TemplateConfig {
    made.replies.buffer = shares.replies();
    let properties = match name {
        None => Some(config.producer_properties()),
        Some(name) => config.template_properties(name),
    };
    match shares
        .each_producer()
        .filter(|_| properties.and_then(written).is_none())
    {
        Some(share) => within(made, share),
        None => made,
    }
}

/// With that share for each of its producers.
fn within(config: TemplateConfig, share: u64) -> TemplateConfig {
    let records = (share / 4 / ADMINISTRATION).clamp(16, MOST_RECORDS);
    let kibibytes = (queue(share) / 1_024).max(1);
    config
        .property(RECORDS, records.to_string())
        .property(QUEUE, kibibytes.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last<'c>(config: &'c TemplateConfig, name: &str) -> &'c str {
        let mut all = config.properties.iter().rev();
        let found = all.find(|(key, _)| key == name);
        &found.unwrap().1
    }

    #[test]
    fn a_share_holds_records_and_what_comes_with_them() {
        let config = within(TemplateConfig::new("localhost:1"), 16 << 20);
        assert_eq!(last(&config, QUEUE), "12288");
        assert_eq!(last(&config, RECORDS), "8192");
        let large = within(TemplateConfig::new("localhost:1"), 8 << 30);
        assert_eq!(last(&large, RECORDS), "100000");
    }

    #[test]
    fn the_least_share_holds_the_largest_record() {
        let mut properties = Properties::new();
        properties.set(LARGEST, "10000000", Origin::Program);
        let config = within(TemplateConfig::new("localhost:1"), least(&properties));
        assert!(last(&config, QUEUE).parse::<u64>().unwrap() * 1_024 >= 10_000_000);
    }

    #[test]
    fn only_what_somebody_wrote_counts_as_written() {
        let mut properties = Properties::new();
        properties.set_default(QUEUE, "262144");
        assert_eq!(written(&properties), None);
        properties.set(QUEUE, "3072", Origin::Program);
        assert_eq!(written(&properties), Some(4 << 20));
    }
}
