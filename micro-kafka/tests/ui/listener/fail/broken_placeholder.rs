#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(
    topics = ["${orders", "${}"],
    group_id = "${group:${default}",
    client_id = "${client id}",
    properties = "debug=${debug",
)]
async fn charge(payload: &[u8]) {}

fn main() {}
