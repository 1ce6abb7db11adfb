use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = oder.id)]
async fn charge(Json(order): Json<u64>) {
    println!("{order}");
}

#[kafka_listener(topics = "orders", group_id = "refunds")]
#[idempotent(key = 7)]
async fn refund(_: Text) {}

fn main() {}
