//! Ten thousand dead letters in bounded memory; alone in its process, so that it can be measured.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use micro_kafka::config::Config;
use micro_kafka::replay::{Repair, Replay};
use micro_kafka_test::prelude::*;

const LETTERS: usize = 10_000;
const PAYLOAD: usize = 12 << 10;
/// A third of what the letters are together.
const BOUND: usize = 40 << 20;

/// The memory of this process that is in use, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = status.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}

#[kafka_test(topics = ["orders", "orders-dlt:2"])]
async fn ten_thousand_letters_need_little_memory(kafka: EmbeddedKafka) {
    let (topic, group) = (kafka.wire_name("orders"), kafka.wire_name("billing"));
    let payload = "x".repeat(PAYLOAD);
    for thousand in 0..LETTERS / 1_000 {
        let sends = (0..1_000).map(|n| {
            let kafka = kafka.template();
            let send = kafka.send("orders-dlt", &*payload).partition(n % 2);
            send.header("kafka_dlt-original-topic", &topic)
                .header("kafka_dlt-original-partition", 0_i32.to_be_bytes())
                .header("kafka_dlt-original-offset", 7_i64.to_be_bytes())
                .header("kafka_dlt-original-consumer-group", &group)
                .header("mk-error", "Timeout")
                .header("thousand", thousand.to_string())
        });
        for sent in kafka.template().send_all(sends.collect::<Vec<_>>()).await {
            sent.unwrap();
        }
    }
    let namespace = kafka
        .template()
        .namespace()
        .trim_end_matches('.')
        .to_owned();
    let mut config = Config::builder().set("kafka.bootstrap-servers", kafka.bootstrap_servers());
    if !namespace.is_empty() {
        config = config.set("kafka.namespace", namespace);
    }
    // What is sent is small, so that the embedded broker's memory is no part of what is measured.
    let replay = Replay::new(&config.build().unwrap(), "orders-dlt").unwrap();
    let replay = replay.repair(|_letter, record| {
        record.payload = Some(b"small".to_vec());
        Repair::Send
    });
    let before = resident();
    let running = tokio::spawn(async move { replay.run("much").await.unwrap() });
    let mut most = before;
    while !running.is_finished() {
        most = most.max(resident());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(running.await.unwrap().sent, LETTERS as u64);
    let grown = most.saturating_sub(before);
    assert!(grown < BOUND, "{} MiB more", grown >> 20);
    kafka.topic("orders").assert_exactly(LETTERS).await;
}
