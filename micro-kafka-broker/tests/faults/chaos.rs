//! Random faults: what is acknowledged is stored, once and in order.

use micro_kafka_broker::fault::Chaos;
use rdkafka::Message;
use rdkafka::consumer::Consumer;

use crate::kafka::{DEADLINE, TOPIC, consumer, next, producer, send, start, stored};

#[tokio::test]
async fn an_idempotent_producer_loses_nothing_and_repeats_nothing() {
    let broker = start();
    let chaos = Chaos::seeded(20_261_126)
        .with_probability(0.2)
        .start(broker.faults());
    let producer = producer(&broker, &[("enable.idempotence", "true")]);
    for nth in 0..60 {
        let sent = send(&producer, &nth.to_string()).await;
        sent.unwrap_or_else(|error| panic!("record {nth}: {error}; {chaos}"));
    }
    let expected: Vec<_> = (0..60).map(|nth| nth.to_string()).collect();
    assert_eq!(stored(&broker), expected, "{chaos}");
    assert!(chaos.hits() > 3, "{chaos}");
}

#[tokio::test]
async fn a_consumer_reads_everything_in_order() {
    let broker = start();
    let producer = producer(&broker, &[]);
    for nth in 0..40 {
        send(&producer, &nth.to_string()).await.unwrap();
    }
    let chaos = Chaos::seeded(7)
        .with_probability(0.2)
        .start(broker.faults());
    // Small answers, so that there are many.
    let consumer = consumer(&broker, &[("fetch.message.max.bytes", "200")]);
    consumer.subscribe(&[TOPIC]).unwrap();
    let mut seen = Vec::new();
    let reading = async {
        while seen.len() < 40 {
            // The client tells of errors and goes on.
            if let Ok(record) = next(&consumer).await {
                let text = String::from_utf8(record.payload().unwrap().to_vec()).unwrap();
                seen.push(text.parse::<usize>().unwrap());
            }
        }
    };
    let read = tokio::time::timeout(DEADLINE * 2, reading).await;
    assert!(read.is_ok(), "{} of 40 read; {chaos}", seen.len());
    assert_eq!(seen, (0..40).collect::<Vec<_>>(), "{chaos}");
    assert!(chaos.hits() > 3, "{chaos}");
}
