//! What handlers return, sent on.

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[derive(Debug, thiserror::Error, Classify)]
enum PriceError {
    #[error("unknown article")]
    #[kafka(dead_letter)]
    Unknown,
}

#[kafka_listener(topics = "payments", group_id = "ledger", send_to = "ledger")]
async fn post(payment: &str) -> Result<Vec<Text>, PriceError> {
    match payment {
        "nothing" => Ok(Vec::new()),
        "wrong" => Err(PriceError::Unknown),
        payment => Ok(["debit", "credit"]
            .map(|side| Text(format!("{side} {payment}")))
            .into()),
    }
}

#[kafka_test(topics = ["payments", "ledger", "books"])]
async fn what_is_returned_is_sent_with_the_records_key(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(post).start().await;
    for payment in ["7", "nothing", "wrong"] {
        kafka.send("payments", payment).key("c1").await;
    }
    app.listener("post")
        .settled()
        .await
        .assert_handled(2)
        .assert_dead_lettered(1);
    let sent = kafka.records("ledger", 2).await;
    let sent = sent.iter().map(|record| {
        let text = |bytes: &Option<Vec<u8>>| String::from_utf8(bytes.clone().unwrap()).unwrap();
        (text(&record.key), text(&record.payload))
    });
    let expected = |payload: &str| ("c1".to_owned(), payload.to_owned());
    assert!(sent.eq([expected("debit 7"), expected("credit 7")]));
    kafka
        .dlt("payments")
        .assert_one(|letter| letter.failure().error == "Unknown");
}

#[kafka_test(topics = ["payments", "ledger", "books"])]
async fn where_to_is_a_setting(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(post);
    let app = app.set("kafka.listeners.post.send-to", "books");
    let app = app.start().await;
    kafka.send("payments", "7").await;
    app.listener("post").settled().await.assert_handled(1);
    assert_eq!(kafka.records("books", 2).await.len(), 2);
}

#[kafka_listener(topics = "requests", group_id = "pricing", send_to)]
async fn price(article: &str) -> Reply<Text> {
    Reply::new(Text(format!("{article}: 5"))).header("currency", "EUR")
}

#[kafka_test(topics = ["requests", "replies"], partitions = 3)]
async fn a_request_is_answered_where_it_says(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(price).start().await;
    kafka
        .send("requests", "nut")
        .header("kafka_replyTopic", kafka.wire_name("replies"))
        .header("kafka_replyPartition", 2_i32.to_be_bytes())
        .header("kafka_correlationId", [7, 8])
        .await;
    kafka.send("requests", "bolt").await;
    app.listener("price")
        .settled()
        .await
        .assert_handled(1)
        .assert_dead_lettered(1);
    let reply = &kafka.records("replies", 1).await[0];
    assert_eq!(reply.payload.as_deref(), Some(&b"nut: 5"[..]));
    assert_eq!(reply.partition, 2);
    let headers = reply.headers.iter().map(|header| &*header.name);
    assert!(headers.eq([&b"kafka_correlationId"[..], b"currency"]));
    kafka.dlt("requests").assert_one(|letter| {
        let message = letter.failure().message.as_deref();
        message.is_some_and(|text| text.contains("kafka_replyTopic"))
    });
}

#[kafka_listener(topics = "payments", group_id = "maybe", send_to = "ledger")]
async fn maybe(payment: &str) -> Option<Reply<Text>> {
    let reply = Reply::new(Text(payment.to_owned())).key("other");
    match payment {
        "nothing" => None,
        "lost" => Some(reply.topic("no topic's name")),
        _ => Some(reply),
    }
}

#[kafka_test(topics = ["payments", "ledger"])]
async fn a_record_whose_reply_cannot_be_sent_is_a_failed_one(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(maybe);
    let app = app.set("kafka.listeners.maybe.retry.attempts", 2);
    let app = app.start().await;
    for payment in ["nothing", "lost", "5"] {
        kafka.send("payments", payment).key("own").await;
    }
    app.listener("maybe")
        .settled()
        .await
        .assert_attempts(4)
        .assert_dead_lettered(1);
    let sent = kafka.records("ledger", 1).await;
    assert_eq!(sent[0].key.as_deref(), Some(&b"other"[..]));
}

#[kafka_listener(
    topics = "payments",
    group_id = "sums",
    batch(max = 3, linger = "1h"),
    send_to = "ledger"
)]
async fn sums(payments: Batch<Json<u64>>) -> Result<Vec<Reply<Json<u64>>>, String> {
    let sum = payments.values().sum::<u64>();
    match sum {
        13 => Err("an unlucky sum".to_owned()),
        sum => Ok(vec![
            Reply::new(Json(sum)).key("sum"),
            Reply::new(Json(payments.len() as u64)),
        ]),
    }
}

#[kafka_test(topics = ["payments", "payments-dlt", "ledger"])]
async fn what_a_batch_comes_to_is_sent_before_its_records_are_done(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(sums);
    let app = app.set("kafka.listeners.sums.retry.attempts", 2);
    let app = app.start().await;
    // One cannot be read, and is dead-lettered by itself; the second batch fails as a whole.
    for payment in ["1", "x", "2", "6", "6", "1"] {
        kafka.send("payments", payment).key("own").await;
    }
    let settled = app.listener("sums").settled().await;
    settled.assert_handled(2).assert_dead_lettered(4);
    let sent = kafka.records("ledger", 2).await;
    let sent = sent
        .iter()
        .map(|record| (record.key.clone(), record.payload.clone().unwrap()));
    let expected = [
        (Some(b"sum".to_vec()), b"3".to_vec()),
        (None, b"2".to_vec()),
    ];
    assert!(sent.eq(expected));
}
