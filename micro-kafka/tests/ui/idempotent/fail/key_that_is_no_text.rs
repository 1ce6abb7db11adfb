use micro_kafka::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
#[idempotent(key = order)]
async fn charge(Json(order): Json<Vec<u64>>) {
    println!("{order:?}");
}

fn main() {}
