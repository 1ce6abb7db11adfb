use micro_kafka::prelude::*;

fn event_id(record: &Record) -> u64 {
    record.offset().unsigned_abs()
}

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = event_id)]
async fn charge(_: Text) {}

fn main() {}
