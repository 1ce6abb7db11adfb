//! The records: numbered for each key, and sent in that order.

use std::collections::BTreeMap;
use std::time::Duration;

use micro_kafka::codec::Json;
use micro_kafka::template::KafkaTemplate;
use tokio::time::{Instant, sleep_until};

use super::kafka::LISTENERS;

/// How often records are sent.
const TICK: Duration = Duration::from_millis(20);

/// Sends so many records, spread over the time; by listener and key, how many there are.
pub(crate) async fn send(
    kafka: &KafkaTemplate,
    records: u64,
    keys: u64,
    time: Duration,
) -> BTreeMap<(String, String), u64> {
    let ticks = (time.as_millis() / TICK.as_millis()).max(1);
    let ticks = u64::try_from(ticks).unwrap();
    let each = records.div_ceil(ticks);
    let (mut sent, mut deliveries) = (BTreeMap::new(), Vec::new());
    let mut next = Instant::now();
    for number in 0..records {
        let of_listener = number / 4;
        let listener = LISTENERS[usize::try_from(number % 4).unwrap()];
        let key = format!("k{}", of_listener % keys);
        let send = kafka.send(listener, Json(&(of_listener / keys)));
        deliveries.push(send.key(&key).queue().await.unwrap());
        *sent.entry((listener.to_owned(), key)).or_default() += 1;
        if number % each == each - 1 {
            next += TICK;
            sleep_until(next).await;
        }
    }
    for delivery in deliveries {
        delivery.await.unwrap();
    }
    sent
}
