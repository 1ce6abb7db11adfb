//! Everything that can be borrowed from the record at once, held over an await.
use micro_kafka::prelude::*;

#[derive(Debug, Deserialize)]
struct OrderRef<'a> {
    #[serde(borrow)]
    customer: &'a str,
    #[serde(borrow)]
    lines: Vec<&'a str>,
}

#[kafka_listener(topics = "orders")]
async fn charge(
    order: Json<OrderRef<'_>>,
    key: Key<Option<&str>>,
    #[header("source")] source: Option<Header<&[u8]>>,
    headers: Headers<'_>,
    record: &Record,
) {
    tokio::task::yield_now().await;
    assert_eq!(order.0.customer.len() + order.0.lines.len(), 0);
    assert_eq!((key.0, source, headers.count()), (None, None, 0));
    assert!(record.payload().is_some());
}

#[kafka_listener(topics = "orders")]
async fn longest<'k: 'p, 'p>(Text(payload): Text<&'p str>, Key(key): Key<&'k str>) {
    let longest: &'p str = if key.len() > payload.len() { key } else { payload };
    tokio::task::yield_now().await;
    assert!(!longest.is_empty());
}

fn main() {
    assert_eq!(micro_kafka::listener::LISTENERS.len(), 2);
}
