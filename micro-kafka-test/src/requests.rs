//! What was asked of the broker, told when a test fails.

use std::fmt::Write as _;

use micro_kafka_broker::fault::{ApiKey, Ending, Exchange};

use crate::embedded::EmbeddedKafka;
use crate::target::Target;

/// How many of the last requests are told.
const SHOWN: usize = 60;

/// Prints the requests about the test's topics and groups, where the broker is an embedded one.
pub(crate) fn tell(kafka: &EmbeddedKafka) {
    if let Some(text) = told(kafka) {
        eprintln!("{text}");
    }
}

fn told(kafka: &EmbeddedKafka) -> Option<String> {
    let broker = match &kafka.inner.target {
        Target::Embedded(broker) => broker,
        Target::Shared { broker, .. } => broker,
        Target::External { .. } => return None,
    };
    let namespace = kafka.wire_name("");
    let mut entries = broker.journal().entries();
    entries.retain(|exchange| concerns(exchange, &namespace) && is_news(exchange));
    let before = entries.len().saturating_sub(SHOWN);
    let mut text = match entries.len() {
        0 => "the broker was asked nothing about the test's topics and groups".to_owned(),
        _ => "what the broker was asked about the test's topics and groups:".to_owned(),
    };
    if before > 0 {
        let _ = write!(text, "\n  … {before} requests before …");
    }
    for exchange in entries.iter().skip(before) {
        let _ = write!(text, "\n  {exchange}");
    }
    Some(text)
}

/// Whether a request names something of this test.
fn concerns(Exchange { request, .. }: &Exchange, namespace: &str) -> bool {
    let topics = request.topics.iter().map(|topic| &topic.topic);
    let mut names = topics
        .chain(&request.groups)
        .chain(&request.transactional_ids);
    names.any(|name| name.starts_with(namespace))
}

/// Heartbeats that went well tell nothing.
fn is_news(exchange: &Exchange) -> bool {
    let well = exchange.fault.is_none()
        && exchange
            .answer
            .as_ref()
            .is_some_and(|answer| answer.ending == Ending::Answered && answer.failures.is_empty());
    exchange.request.api != ApiKey::Heartbeat || !well
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn requests_about_the_tests_topics_are_told_with_their_answers() {
        let start = || EmbeddedKafka::builder().topic("orders", 1).shared().start();
        let (kafka, other) = (start().await.unwrap(), start().await.unwrap());
        kafka.send("orders", "x").await;
        other.send("orders", "y").await;
        let Some(told) = told(&kafka) else {
            assert!(!kafka.inner.target.is_embedded());
            return;
        };
        let topic = kafka.wire_name("orders");
        let produced = told
            .lines()
            .find(|line| line.contains("Produce") && line.contains(&format!("{topic}-0")));
        assert!(
            produced.is_some_and(|line| line.contains(" → ok after ")),
            "{told}"
        );
        assert!(!told.contains(&other.wire_name("orders")), "{told}");
    }
}
