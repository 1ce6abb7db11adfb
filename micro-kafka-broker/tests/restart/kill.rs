use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::producer::FutureRecord;
use tokio::sync::watch;

use crate::broker::{DEADLINE, RestartedBroker};

/// Kills instead of three.
const KILLS: &str = "MICRO_KAFKA_KILLS";

/// Kills while records are on their way: what was acknowledged is there, once, in order.
async fn nothing_acknowledged_is_lost(flags: &[&str]) {
    let kills = std::env::var(KILLS).ok();
    let kills = kills.map_or(3, |kills| {
        kills.parse().expect("MICRO_KAFKA_KILLS: a number")
    });
    let mut flags = flags.to_vec();
    flags.push("--topic=orders:1");
    let mut broker = RestartedBroker::start(&flags);
    let producer = broker.producer(&[("enable.idempotence", "true"), ("linger.ms", "0")]);
    let (acknowledge, mut acknowledged) = watch::channel(Vec::new());
    let done = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn({
        let done = Arc::clone(&done);
        async move {
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                let payload = format!("{number:06}").repeat(20);
                let record = FutureRecord::<(), _>::to("orders").payload(&payload);
                if producer.send(record, DEADLINE).await.is_ok() {
                    acknowledge.send_modify(|all| all.push(payload.clone()));
                }
                number += 1;
            }
        }
    });
    for round in 1..=kills {
        // Wait until this process has acknowledged some.
        let enough = acknowledged.borrow().len() + 50;
        let more = acknowledged.wait_for(|all| all.len() >= enough);
        let came = tokio::time::timeout(DEADLINE, more).await;
        assert!(came.is_ok(), "round {round}: no progress");
        broker.kill();
        broker.restart();
    }
    done.store(true, Ordering::Relaxed);
    sending.await.unwrap();
    let read = broker.read("orders").await;
    let offsets: Vec<i64> = read.iter().map(|(offset, _)| *offset).collect();
    let expected: Vec<i64> = (0..).take(read.len()).collect();
    assert_eq!(offsets, expected, "no gap");
    let there: Vec<&String> = read.iter().map(|(_, payload)| payload).collect();
    let distinct: HashSet<_> = there.iter().collect();
    assert_eq!(distinct.len(), there.len(), "nothing twice");
    let sent = acknowledged.borrow();
    assert!(sent.len() >= 50 * kills);
    let told: HashSet<_> = sent.iter().collect();
    let kept: Vec<_> = there.iter().filter(|p| told.contains(**p)).collect();
    assert_eq!(kept.len(), sent.len(), "nothing acknowledged is lost");
    assert!(
        kept.iter().zip(sent.iter()).all(|(a, b)| **a == b),
        "in order"
    );
    eprintln!(
        "{kills} kills, {} records acknowledged, none lost",
        sent.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_flush() {
    nothing_acknowledged_is_lost(&["--flush=never"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_flush_before_every_acknowledgement() {
    nothing_acknowledged_is_lost(&["--flush=every"]).await;
}
