//! Many records, little memory, and several instances.

use std::collections::BTreeMap;

use super::*;

/// How often each number arrived, and in which order.
fn numbers(records: &[std::sync::Arc<OwnedRecord>]) -> Vec<u32> {
    let number = |record: &std::sync::Arc<OwnedRecord>| {
        let payload = record.payload.as_deref().unwrap();
        let text = std::str::from_utf8(payload).unwrap();
        text.trim_end_matches('x').parse().unwrap()
    };
    records.iter().map(number).collect()
}

#[kafka_test(topics = ["orders", "idle"])]
async fn more_than_fits_into_memory_arrives_in_order(kafka: EmbeddedKafka) {
    let app = scheduler(&kafka, "memory = '32KiB'\n").await;
    let template = app.template();
    let rest = "x".repeat(500);
    let sends = (0..1_000_u64).map(|n| {
        // The later ones are due earlier, so that what was in memory has to make room.
        let delay = Duration::from_secs(60 + (999 - n) / 10);
        let send = template.send("orders", format!("{n}{rest}"));
        send.after(delay).into_future()
    });
    for sent in futures_util::future::join_all(sends).await {
        sent.unwrap();
    }
    kafka.advance("1h").within("60s").await;
    let seen = numbers(&kafka.records("orders", 1_000).await);
    let tens: Vec<u32> = seen.iter().map(|n| (999 - n) / 10).collect();
    assert!(tens.is_sorted(), "{tens:?}");
    let mut each = seen;
    each.sort_unstable();
    assert_eq!(each, (0..1_000).collect::<Vec<_>>());
    let stats = app.delayed().unwrap();
    assert_eq!((stats.waiting, stats.forwarded), (0, 1_000));
}

#[kafka_test(topics = ["orders", "idle"])]
async fn instances_that_come_and_go_lose_nothing(kafka: EmbeddedKafka) {
    let template = scheduler(&kafka, "").await;
    let sender = template.template().clone();
    let sends = (0..400_u64).map(|n| {
        let delay = Duration::from_millis(n * 10);
        sender
            .send("orders", n.to_string())
            .after(delay)
            .into_future()
    });
    for sent in futures_util::future::join_all(sends).await {
        sent.unwrap();
    }
    // By the system's clock, while they come and go: by a stop, and by being dropped.
    let second = scheduler(&kafka, "").await;
    template.stop().await;
    let third = scheduler(&kafka, "").await;
    drop(second);
    // What comes twice is no other one.
    let mut count = 400;
    let arrived = loop {
        let arrived = kafka.topic("orders").assert_at_least(count);
        let arrived = arrived.within("60s").await;
        let ids = arrived.iter().map(|record| header(record, DELAYED_ID));
        let distinct = ids.collect::<std::collections::BTreeSet<_>>().len();
        if distinct == 400 {
            break arrived;
        }
        count = 400 + arrived.len() - distinct;
    };
    drop(third);
    let mut times: BTreeMap<u32, u32> = BTreeMap::new();
    let ids: Vec<_> = arrived
        .iter()
        .map(|record| header(record, DELAYED_ID).unwrap().to_vec())
        .collect();
    for n in arrived.iter().map(|record| {
        String::from_utf8_lossy(record.payload.as_ref().unwrap())
            .parse::<u32>()
            .unwrap()
    }) {
        *times.entry(n).or_default() += 1;
    }
    assert_eq!(times.len(), 400, "each came");
    // What came twice says so by its id.
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), 400);
}
