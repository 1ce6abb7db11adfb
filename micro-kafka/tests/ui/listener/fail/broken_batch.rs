#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "clicks", batch(max = 0))]
async fn none(clicks: Batch<Json<u8>>) {}

#[kafka_listener(topics = "clicks", batch(size = 5))]
async fn unknown(clicks: Batch<Json<u8>>) {}

#[kafka_listener(topics = "clicks", batch(linger = "50"))]
async fn no_unit(clicks: Batch<Json<u8>>) {}

#[kafka_listener(topics = "clicks", batch = 500)]
async fn assigned(clicks: Batch<Json<u8>>) {}

fn main() {}
