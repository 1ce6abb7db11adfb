//! Whatever a handler of dead letters may look like.
#![deny(warnings)]

use micro_kafka::prelude::*;

mod billing {
    use micro_kafka::prelude::*;

    #[kafka_listener(topics = "orders", group_id = "billing", dead_letter_topic = "lost")]
    pub async fn charge(_: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

use billing::charge;

#[dlt_handler(of = charge)]
async fn plain(_: Record, why: Failure) {
    let _ = why.to_string();
}

#[dlt_handler(of = billing::charge, id = "letters", group_id = "audit", concurrency = 2, retry(attempts = 2))]
async fn with_keys(_: Json<u64>, _: Failure, attempt: Attempt) -> Result<(), String> {
    match attempt.number() {
        1 => Err("again".to_owned()),
        _ => Ok(()),
    }
}

#[dlt_handler(of = crate::billing::charge, batch(max = 10))]
async fn many(letters: Batch<(Record, Failure)>) {
    let _ = letters.len();
}

#[derive(Debug, thiserror::Error, Classify)]
#[error("later")]
#[kafka(park)]
struct Later;

#[kafka_listener(topics = "other", group_id = "log", recoverer = "log")]
async fn logged() -> Result<(), Later> {
    Err(Later)
}

fn main() {
    let of = |id| {
        let listeners = micro_kafka::listener::LISTENERS.iter();
        let mut found = listeners.filter(move |listener| listener.id == id);
        found.next().unwrap()
    };
    let charge = (of("charge").function)();
    for id in ["plain", "letters", "many"] {
        assert_eq!(of(id).dlt_of.unwrap()(), charge, "{id}");
    }
    assert!(of("logged").recoverer.is_some());
    assert_eq!(of("charge").dead_letter_topic, Some("lost"));
}
