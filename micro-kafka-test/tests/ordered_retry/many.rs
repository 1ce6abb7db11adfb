//! Many records behind one, in bounded memory.

use super::*;

/// How many records wait: `MICRO_KAFKA_PARKED=100000` for the full number.
fn parked() -> usize {
    let asked = std::env::var("MICRO_KAFKA_PARKED").ok();
    asked.map_or(1_000, |count| count.parse().unwrap())
}

#[kafka_test(topics = ["bills"])]
async fn many_records_behind_one_are_parked_and_then_handled_in_order(kafka: EmbeddedKafka) {
    let count = parked();
    let bills = Bills::default();
    bills.down.store(true, Ordering::Relaxed);
    let app = kafka.app().listener(charge).state(bills.clone());
    let window = "kafka.listeners.charge.retry-topic.window";
    let backoff = "kafka.listeners.charge.retry-topic.backoff";
    let app = app.set(window, 500).set(backoff, "1h").start().await;
    for number in 0..count {
        kafka.send("bills", format!("a{number}")).key("a").await;
    }
    while usize::try_from(in_line(&kafka).await).unwrap() < count {
        kafka.advance("0ms").await;
    }
    // Read ahead is the window, whatever is parked.
    let progress = app.progress().await;
    let read = progress
        .iter()
        .filter(|it| it.partition.topic.ends_with("-ordered"));
    let read: i64 = read.filter_map(|it| it.position).sum();
    assert!(read <= 500 + 500, "{read} of {count} are read ahead");
    bills.down.store(false, Ordering::Relaxed);
    kafka.advance("2h").await;
    let settled = app.listener("charge").settled().await;
    settled.assert_handled(u64::try_from(count).unwrap());
    let sent: Vec<_> = (0..count).map(|number| format!("a{number}")).collect();
    assert_eq!(of_key(&bills, "a").len(), count + 1);
    assert!(bills.order().len() == count);
    let handled = bills
        .calls
        .entries()
        .into_iter()
        .skip(1)
        .map(|(name, _)| name);
    assert_eq!(handled.collect::<Vec<_>>(), sent);
    if let Some(peak) = peak_memory() {
        eprintln!(
            "{count} records of one key were parked: {peak} at most, broker and test included"
        );
    }
}

/// The most memory that the process has had, as the system writes it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line["VmHWM:".len()..].trim().to_owned())
}
