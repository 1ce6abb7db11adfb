//! Delayed sends in transactions, and schedulers that forward in transactions.

use micro_kafka::template::KafkaError;

use super::*;

const PREFIX: &str = "[kafka.producer]\ntransaction-id-prefix = 'shop-0-'\n";

#[kafka_test(topics = ["orders", "idle"])]
async fn it_counts_if_the_transaction_is_committed(kafka: EmbeddedKafka) {
    let app = scheduler(&kafka, PREFIX).await;
    let template = app.template();
    let kept = template
        .transaction(async |tx| tx.send("orders", "kept").key("k").after("1m").await)
        .await
        .unwrap();
    let aborted: Result<(), KafkaError> = template
        .transaction(async |tx| {
            tx.send("orders", "aborted").after("1m").await?;
            tx.cancel_delayed(&kept).await?;
            Err(KafkaError::FlushTimedOut { outstanding: 0 })
        })
        .await;
    assert!(aborted.is_err());
    let taken_back = template
        .transaction(async |tx| tx.send("orders", "taken back").after("1m").await)
        .await
        .unwrap();
    template
        .transaction(async |tx| tx.cancel_delayed(&taken_back).await)
        .await
        .unwrap();
    kafka.advance("2m").await;
    let records = kafka.records("orders", 1).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].payload.as_deref(), Some(&b"kept"[..]));
    assert_eq!(
        header(&records[0], DELAYED_ID),
        Some(kept.as_str().as_bytes())
    );
    let stats = app.delayed().unwrap();
    assert_eq!((stats.waiting, stats.forwarded, stats.cancelled), (0, 1, 1));
}

#[kafka_test(topics = ["orders", "idle"])]
async fn in_transactions_each_record_comes_once_over_restarts(kafka: EmbeddedKafka) {
    let app = scheduler(&kafka, PREFIX).await;
    let template = app.template().clone();
    template
        .transaction(async |tx| {
            for n in 0..60 {
                let delay = Duration::from_secs(60 + n / 20 * 60);
                tx.send("orders", n.to_string()).after(delay).await?;
            }
            Ok::<_, KafkaError>(())
        })
        .await
        .unwrap();
    kafka.advance("1m").await;
    assert_eq!(kafka.records("orders", 20).await.len(), 20);
    // Without a stop: what is on its way is cut off.
    drop(app);
    let app = scheduler(&kafka, PREFIX).await;
    kafka.advance("1m").await;
    app.stop().await;
    let app = scheduler(&kafka, PREFIX).await;
    kafka.advance("10m").await;
    let records = kafka.records("orders", 60).await;
    let mut seen: Vec<u32> = records
        .iter()
        .map(|record| {
            String::from_utf8_lossy(record.payload.as_ref().unwrap())
                .parse()
                .unwrap()
        })
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..60).collect::<Vec<_>>());
    assert_eq!(app.delayed().unwrap().waiting, 0);
}

#[kafka_test(topics = ["orders", "idle"])]
async fn what_one_topic_refuses_does_not_fail_the_others_transaction(kafka: EmbeddedKafka) {
    let small = NewTopic::new("small").config("max.message.bytes", "300");
    kafka.admin().create_topics(&[small]).await.unwrap();
    let app = scheduler(&kafka, PREFIX).await;
    let large = "x".repeat(2_000);
    app.template()
        .transaction(async |tx| {
            tx.send("orders", "1").after("1m").await?;
            tx.send("small", &*large).after("1m").await?;
            tx.send("orders", "2").after("1m").await
        })
        .await
        .unwrap();
    kafka.advance("90s").await;
    assert_eq!(kafka.records("orders", 2).await.len(), 2);
    let stats = app.delayed().unwrap();
    assert_eq!((stats.waiting, stats.forwarded), (1, 2));
    assert!(stats.refused >= 1, "{stats:?}");
}
