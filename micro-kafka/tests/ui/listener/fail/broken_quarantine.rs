#![allow(unused)]

use micro_kafka::prelude::*;

#[kafka_listener(topics = "clicks", group_id = "g", quarantine(after = 0))]
async fn too_small(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", quarantine(deaths = 2))]
async fn unknown(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", quarantine = 2)]
async fn assigned(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", retry_budget(percent = 200))]
async fn more_than_all(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", retry_budget(share = 20))]
async fn unknown_share(click: &str) {}

#[kafka_listener(topics = "clicks", group_id = "g", retry_budget = "20%")]
async fn assigned_share(click: &str) {}

fn main() {}
