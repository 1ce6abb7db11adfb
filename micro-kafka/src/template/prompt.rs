//! Sends that wait for no others.
//!
//! `linger.ms` lets records gather on their way to the broker. Who waits for each single record
//! before it goes on, as a failed record's partition does, would wait for that time again and again.
//! librdkafka has one such time for each producer, so that these sends have one of their own. It is
//! made by the first of them: what never fails has no threads and no connections for it.

use std::sync::Arc;

use super::kafka_template::{Shared, producer};
use super::topics::Topics;
use super::{KafkaTemplate, TemplateConfig};
use crate::client::LazyProducer;
use crate::config::canonical;

const LINGER: &str = "linger.ms";

/// The producer of sends that wait for no others: the usual one if it never lets any wait.
pub(super) fn producer_of(config: &TemplateConfig, usual: &Arc<LazyProducer>) -> Arc<LazyProducer> {
    if !config.lingers() {
        return Arc::clone(usual);
    }
    let config = config.clone().property(LINGER, "0");
    Arc::new(LazyProducer::new(move || producer(&config)))
}

impl TemplateConfig {
    /// Whether records wait for others, so that sends which wait for none need another producer.
    pub(crate) fn lingers(&self) -> bool {
        let last = self.last(LINGER);
        let millis = last.and_then(|millis| millis.trim().parse::<f64>().ok());
        millis.is_none_or(|millis| millis > 0.0)
    }

    /// The value of a property that counts.
    fn last(&self, name: &str) -> Option<&str> {
        let name = canonical(name);
        let all = self.resolved().filter(|(key, _)| canonical(key) == name);
        all.last().map(|(_, value)| value)
    }
}

impl KafkaTemplate {
    /// The most bytes of unsent records that its producer takes.
    pub(crate) fn buffer_bytes(&self) -> u64 {
        let kibibytes = self.config().last("queue.buffering.max.kbytes");
        let kibibytes = kibibytes.and_then(|number| number.trim().parse::<u64>().ok());
        kibibytes.unwrap_or(0).saturating_mul(1_024)
    }

    /// The same template for names as the broker knows them, whose sends wait for no others.
    pub(crate) fn prompt_with_wire_names(&self) -> Self {
        let shared = self.shared();
        let prompt = Arc::clone(&shared.prompt);
        Self::from_shared(Shared {
            topics: Topics::new(""),
            hooks: shared.hooks.clone(),
            family: super::family::Family::default(),
            producer: Arc::clone(&prompt),
            prompt,
            recorder: shared.recorder.clone(),
            transactions: Arc::clone(&shared.transactions),
            requests: Arc::clone(&shared.requests),
            meters: Arc::clone(&shared.meters),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(config: TemplateConfig) -> KafkaTemplate {
        KafkaTemplate::at_first_use(config).unwrap()
    }

    #[tokio::test]
    async fn a_second_producer_is_made_by_the_first_prompt_send_only() {
        let kafka = template(TemplateConfig::new("localhost:1"));
        let prompt = kafka.prompt_with_wire_names();
        let made = || kafka.shared().prompt.if_made().is_some();
        let delivery = kafka.send_bytes("orders", None).queue().await.unwrap();
        assert!(!made());
        let prompt = prompt.send_bytes("orders-dlt", None).queue().await.unwrap();
        assert!(made());
        assert_eq!(kafka.close(std::time::Duration::ZERO).await, 2);
        assert!(delivery.await.is_err() && prompt.await.is_err());
    }

    #[test]
    fn a_template_that_never_waits_has_one_producer() {
        let one = |config: TemplateConfig| {
            let kafka = template(config);
            Arc::ptr_eq(&kafka.shared().prompt, &kafka.shared().producer)
        };
        let config = || TemplateConfig::new("localhost:1");
        assert!(one(config().property("linger.ms", "0")));
        assert!(one(config().property("queue.buffering.max.ms", "0")));
        assert!(!one(config()));
        assert!(!one(config().property("linger.ms", "100")));
    }
}
