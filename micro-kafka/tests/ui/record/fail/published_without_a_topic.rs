#![allow(unused)]

use micro_kafka::prelude::*;

#[derive(Serialize)]
struct Order {
    cents: i64,
}

async fn place(kafka: &KafkaTemplate, order: &Order) -> Result<(), KafkaError> {
    kafka.publish(order).await?;
    Ok(())
}

fn main() {}
