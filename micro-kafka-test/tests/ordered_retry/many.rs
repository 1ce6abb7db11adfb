//! Many records behind one, and many keys in retry, in bounded memory.

use super::*;

/// How long all of them may take, at their full number on a busy machine.
const PATIENCE: &str = "20m";
/// Records that are read ahead of those that wait.
const WINDOW: usize = 500;
/// What the process may grow by, a broker and the test's own notes apart.
const GROWTH: u64 = 256 << 20;

/// How many records wait: `MICRO_KAFKA_PARKED=100000` for the full number.
fn parked() -> usize {
    let asked = std::env::var("MICRO_KAFKA_PARKED").ok();
    asked.map_or(1_000, |count| count.parse().unwrap())
}

/// Whether memory can be judged: only this test runs, and the broker is another process.
fn is_measured() -> bool {
    let set = |name| std::env::var_os(name).is_some();
    set("MICRO_KAFKA_PARKED") && set("MICRO_KAFKA_TEST")
}

async fn send_all(kafka: &EmbeddedKafka, bills: impl Iterator<Item = (String, String)>) {
    let template = kafka.template();
    let mut deliveries = Vec::new();
    for (key, name) in bills {
        let send = template.send("bills", name).key(key).partition(0);
        deliveries.push(send.queue().await.unwrap());
    }
    for delivery in deliveries {
        delivery.await.unwrap();
    }
}

/// Starts the listener while nothing can be billed.
async fn start(kafka: &EmbeddedKafka, bills: &Bills, keys: usize) -> TestApp {
    bills.down.store(true, Ordering::Relaxed);
    let app = kafka.app().listener(charge).state(bills.clone());
    let retry = "kafka.listeners.charge.retry-topic";
    app.set(format!("{retry}.window"), WINDOW)
        .set(format!("{retry}.backoff"), "1h")
        .set(format!("{retry}.max-fenced-keys"), keys)
        .start()
        .await
}

/// Waits until so many copies are there and all records are acknowledged.
async fn waits(kafka: &EmbeddedKafka, copies: usize) {
    kafka.advance("0ms").within(PATIENCE).await;
    assert_eq!(usize::try_from(in_line(kafka).await), Ok(copies));
}

/// Read ahead is the window, whatever waits.
async fn assert_read_ahead(app: &TestApp) {
    let progress = app.progress().await;
    let ordered = |topic: &str| topic.ends_with("-ordered");
    let read = progress.iter().filter(|it| ordered(&it.partition.topic));
    let read: i64 = read.filter_map(|it| it.position).sum();
    assert!(read <= 1_000, "{read} are read ahead");
}

async fn recovers(kafka: &EmbeddedKafka, app: &TestApp, bills: &Bills, handled: usize) {
    bills.down.store(false, Ordering::Relaxed);
    kafka.advance("2h").within(PATIENCE).await;
    let settled = app.listener("charge").settled().within(PATIENCE).await;
    settled.assert_handled(u64::try_from(handled).unwrap());
    assert_eq!(app.listener("charge").fenced_keys().count, 0);
}

#[kafka_test(topics = ["bills"], deadline = "40m")]
async fn many_records_behind_one_are_parked_and_then_handled_in_order(kafka: EmbeddedKafka) {
    let (count, bills) = (parked(), Bills::default());
    let sent: Vec<_> = (0..count).map(|number| format!("a{number}")).collect();
    let memory = Memory::now();
    let app = start(&kafka, &bills, 10_000).await;
    let bill = |name: &String| ("a".to_owned(), name.clone());
    send_all(&kafka, sent.iter().map(bill)).await;
    waits(&kafka, count).await;
    assert_read_ahead(&app).await;
    assert_eq!(app.listener("charge").fenced_keys().count, 1);
    recovers(&kafka, &app, &bills, count).await;
    // The first attempt of the first, and then each once.
    let calls = bills.calls.entries().into_iter().map(|(name, _)| name);
    assert_eq!(calls.skip(1).collect::<Vec<_>>(), sent);
    memory.tell(&format!("{count} records of one key were parked"));
}

#[kafka_test(topics = ["bills"], deadline = "40m")]
async fn many_keys_are_in_retry_at_once_and_each_keeps_its_order(kafka: EmbeddedKafka) {
    let (count, bills) = (parked(), Bills::default());
    let memory = Memory::now();
    // With as many as are allowed, the partition would not be read.
    let app = start(&kafka, &bills, count + 1).await;
    let of_each = |which: &'static str| {
        (0..count).map(move |key| (key.to_string(), format!("{key}-{which}")))
    };
    send_all(&kafka, of_each("first").chain(of_each("second"))).await;
    waits(&kafka, 2 * count).await;
    assert_read_ahead(&app).await;
    assert_eq!(app.listener("charge").fenced_keys().count, count);
    recovers(&kafka, &app, &bills, 2 * count).await;
    let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, _) in bills.calls.entries() {
        let (key, which) = name.split_once('-').unwrap();
        let own = calls.entry(key.to_owned()).or_default();
        own.push(which.to_owned());
    }
    assert_eq!(calls.len(), count);
    let odd = calls
        .iter()
        .find(|(_, own)| *own != &["first", "first", "second"]);
    assert_eq!(odd, None);
    memory.tell(&format!("{count} keys were in retry"));
}

/// The most memory that the process has had before.
struct Memory(Option<u64>);

impl Memory {
    fn now() -> Self {
        Self(peak_memory())
    }

    fn tell(&self, what: &str) {
        let (Some(before), Some(peak)) = (self.0, peak_memory()) else {
            return;
        };
        let grown = peak.saturating_sub(before);
        eprintln!(
            "{what}: {} MiB at most, {} more than before",
            peak >> 20,
            grown >> 20
        );
        assert!(
            !is_measured() || grown <= GROWTH,
            "{what}: grew by {grown} bytes"
        );
    }
}

/// In bytes, as the system writes it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}
