#![allow(unused)]

use micro_kafka::codec::ToPayload;

struct Order;

fn send(payload: impl ToPayload) {}

fn main() {
    send(Order);
}
