//! What only a broker can hand over.

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[kafka_listener(
    topics = "orders",
    group_id = "billing",
    order = "key",
    parallelism = 8
)]
async fn take(payload: &[u8], Key(key): Key<Option<&[u8]>>) {
    let _ = (payload, key);
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn case_59_a_payload_that_unpacks_to_a_thousand_times_its_size_is_not_read(
    kafka: EmbeddedKafka,
) {
    let settings = "[kafka.listener]\nmax-payload = '64KiB'\n\
                    [kafka.producer.properties]\nmessage.max.bytes = 20000000\ncompression.type = 'zstd'\n";
    let app = kafka.app().listener(take).config(settings).start().await;
    let bomb = vec![0_u8; 8 << 20];
    app.template().send("orders", Bytes(&bomb)).await.unwrap();
    app.template().send("orders", "after it").await.unwrap();
    let settled = app.listener("take").settled().await;
    settled.assert_handled(1);
    settled.assert_dead_lettered(1);
    kafka
        .dlt("orders")
        .assert_one(|letter| letter.record().payload().map(<[u8]>::len) == Some(bomb.len()));
}

#[kafka_test(topics = ["orders"])]
async fn case_60_a_record_larger_than_a_fetch_comes_all_the_same(kafka: EmbeddedKafka) {
    let settings = "[kafka.consumer.properties]\nfetch.message.max.bytes = 1000\n";
    let app = kafka.app().listener(take).config(settings).start().await;
    kafka.send("orders", Bytes(vec![7; 200_000])).await;
    kafka.send("orders", "after it").await;
    app.listener("take").settled().await.assert_handled(2);
}

#[kafka_test(topics = ["orders"])]
async fn case_61_records_without_keys_are_handled_where_order_is_by_key(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(take).start().await;
    for at in 0..20 {
        kafka.send("orders", Number(at)).await;
        kafka.send("orders", Number(at)).key("").await;
    }
    app.listener("take").settled().await.assert_handled(40);
}
