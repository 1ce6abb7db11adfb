//! A crate that knows the framework by another name.
use ::micro_kafka as mkx;

mod framework {
    pub use ::micro_kafka::*;
}

#[derive(mkx::Classify)]
#[kafka(crate = crate::framework)]
enum ChargeError {
    #[kafka(skip)]
    _Duplicate,
}

#[mkx::kafka_listener(topics = "orders", crate = crate::framework)]
async fn charge(mkx::codec::Json(order): mkx::codec::Json<u64>) {
    let _ = order;
}

#[mkx::kafka_listener(topics = "orders", crate = ::micro_kafka)]
async fn refund() {}

fn main() {
    assert_eq!(micro_kafka::listener::LISTENERS.len(), 2);
}
