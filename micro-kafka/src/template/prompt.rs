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
    let linger = canonical(LINGER);
    let lingers = |(key, _): &(&str, &str)| canonical(key) == linger;
    let last = config.resolved().filter(lingers).last();
    let millis = last.and_then(|(_, millis)| millis.trim().parse::<f64>().ok());
    if millis.is_some_and(|millis| millis <= 0.0) {
        return Arc::clone(usual);
    }
    let config = config.clone().property(LINGER, "0");
    Arc::new(LazyProducer::new(move || producer(&config)))
}

impl KafkaTemplate {
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
