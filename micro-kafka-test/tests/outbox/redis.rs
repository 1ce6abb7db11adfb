//! Keys in a real Redis.

use micro_kafka::idempotent::RedisStore;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

use crate::database;

#[kafka_listener(
    topics = "payments",
    group_id = "ledger",
    order = "none",
    parallelism = 4,
    retry(attempts = 2, backoff = "0s")
)]
#[idempotent(key = "key", store = "redis")]
async fn post(
    payment: &str,
    attempt: Attempt,
    State(paid): State<Journal<String>>,
) -> Result<(), String> {
    tokio::task::yield_now().await;
    if payment == "fails" && attempt.number() == 1 {
        return Err("not yet".to_owned());
    }
    paid.note(payment.to_owned());
    Ok(())
}

#[kafka_test(topics = ["payments"])]
async fn keys_in_redis_are_shared_and_outlive_a_restart(kafka: EmbeddedKafka) {
    let address = database::redis();
    for round in 0..2 {
        let paid = Journal::<String>::new();
        // It holds records back until the server answers.
        let store = RedisStore::new(&address).unwrap();
        let app = kafka.app().listener(post).state(paid.clone());
        let app = app.idempotency_store("redis", store).start().await;
        for key in 0..20 {
            let payment = if key == 7 { "fails" } else { "pays" };
            kafka.send("payments", payment).key(format!("{key}")).await;
            kafka.send("payments", "pays").key(format!("{key}")).await;
        }
        app.listener("post").settled().await;
        assert_eq!(paid.entries().len(), [20, 0][round]);
        app.stop().await;
    }
}
