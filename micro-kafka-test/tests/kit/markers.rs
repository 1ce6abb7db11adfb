//! Topics that end in the marker of a transaction, which no reader is given.

use super::*;

#[kafka_listener(topics = "marked", group_id = "marked", order = "key")]
async fn marked(order: &str) {
    let _ = order;
}

#[kafka_test(topics = ["marked"], partitions = 2)]
async fn a_topic_that_ends_in_a_transactions_marker_settles(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(marked).start().await;
    let listener = app.listener("marked");
    for (round, sent) in [(1, 2), (2, 4)] {
        let transaction = kafka.template().transaction(async |tx| {
            for partition in 0..2 {
                tx.send("marked", format!("{round}"))
                    .partition(partition)
                    .await?;
            }
            Ok::<_, KafkaError>(())
        });
        transaction.await.unwrap();
        listener.settled().await.assert_handled(sent);
        for partition in listener.progress().await {
            assert_eq!(partition.lag, Some(0), "{partition:?}");
        }
    }
    kafka
        .group("marked")
        .assert_committed("marked", [(0, 3), (1, 3)])
        .await;
}
