//! Batches whose partitions go to another instance.

use std::collections::BTreeMap;

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// Partition and offset of each handled record.
type Handled = Journal<(i32, i64)>;

#[kafka_listener(topics = "clicks", group_id = "moving", batch(max = 7, linger = "2ms"))]
async fn index(clicks: Batch<Text>, State(handled): State<Handled>) {
    tokio::time::sleep(Duration::from_millis(3)).await;
    for click in clicks.iter() {
        let meta = click.meta();
        handled.note((meta.partition(), meta.offset()));
    }
}

async fn join(kafka: &EmbeddedKafka, handled: &Handled) -> TestApp {
    let app = kafka.app().listener(index).state(handled.clone());
    app.start().await
}

#[kafka_test(topics = ["clicks"], partitions = 4)]
async fn a_rebalance_repeats_and_loses_nothing_and_keeps_the_order(kafka: EmbeddedKafka) {
    let handled = Handled::new();
    let first = join(&kafka, &handled).await;
    let sends = async {
        for n in 0..400 {
            let send = kafka.send("clicks", n.to_string());
            send.partition(n % 4).await;
        }
    };
    let members = async {
        handled.reaches(20).await;
        let second = join(&kafka, &handled).await;
        second.listener("index").assigned(1).await;
        handled.reaches(100).await;
        first.stop().await;
        second
    };
    let ((), second) = tokio::join!(sends, members);
    handled.reaches(400).await;
    second.listener("index").settled().await;
    let mut offsets = BTreeMap::<i32, Vec<i64>>::new();
    for (partition, offset) in handled.entries() {
        offsets.entry(partition).or_default().push(offset);
    }
    let expected = (0..100).collect::<Vec<_>>();
    assert!(offsets.values().all(|own| *own == expected), "{offsets:?}");
}
