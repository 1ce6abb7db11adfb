//! Transactions: all of their records or none, whatever ends them.

use std::time::Duration;

use micro_kafka::admin::NewTopic;
use micro_kafka::template::{
    KafkaError, KafkaTemplate, SendError, TemplateConfig, Transaction, TransactionError,
};
use micro_kafka_broker::Broker;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::broker::own_config;
use crate::support::raw;

/// A template, the settings that it was made from, and topics `a` and `b` of one partition.
struct Fixture {
    kafka: KafkaTemplate,
    config: TemplateConfig,
    broker: Option<Broker>,
}

async fn fixture(change: impl FnOnce(&mut TemplateConfig)) -> Fixture {
    let (mut config, broker) = own_config();
    change(&mut config);
    let kafka = KafkaTemplate::new(config.clone()).unwrap();
    let topics = ["a", "b"].map(|name| NewTopic::new(name).partitions(1));
    kafka.admin().create_topics(&topics).await.unwrap();
    Fixture {
        kafka,
        config,
        broker,
    }
}

impl Fixture {
    /// What readers of committed records see, up to a mark that is sent now.
    async fn committed(&self, topic: &str) -> Vec<String> {
        self.mark(topic).await;
        read_to_mark(&self.config, topic, "read_committed")
    }

    async fn mark(&self, topic: &str) {
        let mut plain = self.config.clone();
        plain.transactions.allow_non_transactional = true;
        let plain = KafkaTemplate::new(plain).unwrap();
        plain.send(topic, raw("mark")).await.unwrap();
    }
}

fn read_to_mark(config: &TemplateConfig, topic: &str, isolation: &str) -> Vec<String> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &config.bootstrap_servers)
        .set("group.id", "reader")
        .set("isolation.level", isolation)
        .create()
        .unwrap();
    let mut assignment = TopicPartitionList::new();
    let name = format!("{}{topic}", config.namespace);
    assignment
        .add_partition_offset(&name, 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&assignment).unwrap();
    let mut seen = Vec::new();
    loop {
        let next = consumer.poll(Duration::from_secs(20));
        let message = next.expect("the mark did not arrive").unwrap();
        let text = String::from_utf8_lossy(message.payload().unwrap()).into_owned();
        match text.as_str() {
            "mark" => return seen,
            _ => seen.push(text),
        }
    }
}

async fn two(tx: &Transaction, text: &str) -> Result<(), KafkaError> {
    tx.send("a", raw(text)).key("k").await?;
    tx.send("b", raw(text)).header("n", "1").await
}

fn transaction_error<T: std::fmt::Debug>(result: Result<T, KafkaError>) -> TransactionError {
    match result.unwrap_err() {
        KafkaError::Transaction(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_transaction_is_committed_with_its_value() {
    let test = fixture(|_| {}).await;
    for n in 0..3 {
        let text = n.to_string();
        let done = test
            .kafka
            .transaction(async |tx| two(&tx, &text).await.map(|()| n));
        assert_eq!(done.await.unwrap(), n);
    }
    assert_eq!(test.committed("a").await, ["0", "1", "2"]);
    assert_eq!(test.committed("b").await, ["0", "1", "2"]);
}

#[tokio::test]
async fn an_error_aborts_and_the_next_transaction_commits() {
    #[derive(Debug, thiserror::Error)]
    enum Own {
        #[error("no")]
        No,
        #[error(transparent)]
        Kafka(#[from] KafkaError),
    }
    let test = fixture(|_| {}).await;
    for n in 0..5 {
        let failed = test.kafka.transaction(async |tx| {
            two(&tx, "aborted").await?;
            Err::<(), _>(Own::No)
        });
        assert!(matches!(failed.await, Err(Own::No)));
        let text = n.to_string();
        test.kafka
            .transaction(async |tx| two(&tx, &text).await)
            .await
            .unwrap();
    }
    assert_eq!(test.committed("a").await, ["0", "1", "2", "3", "4"]);
    test.mark("a").await;
    let all = read_to_mark(&test.config, "a", "read_uncommitted");
    assert!(all.contains(&"aborted".to_owned()), "{all:?}");
}

#[tokio::test]
async fn a_panic_aborts_and_goes_on() {
    let test = fixture(|_| {}).await;
    let kafka = test.kafka.clone();
    let task = tokio::spawn(async move {
        kafka
            .transaction(async |tx| {
                two(&tx, "lost").await?;
                assert!(kafka.namespace().is_empty(), "on purpose");
                Ok::<_, KafkaError>(())
            })
            .await
    });
    assert!(task.await.unwrap_err().is_panic());
    test.kafka
        .transaction(async |tx| two(&tx, "kept").await)
        .await
        .unwrap();
    assert_eq!(test.committed("a").await, ["kept"]);
}

#[tokio::test]
async fn a_dropped_transaction_is_aborted_and_its_handle_refuses() {
    let test = fixture(|config| config.transactions.producers = 1).await;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let kafka = test.kafka.clone();
    let task = tokio::spawn(async move {
        kafka
            .transaction(async |tx| {
                two(&tx, "lost").await?;
                sender.send(tx).unwrap();
                std::future::pending::<Result<(), KafkaError>>().await
            })
            .await
    });
    let escaped = receiver.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    test.kafka
        .transaction(async |tx| {
            let late = escaped.send("a", raw("late")).await.unwrap_err();
            let over = matches!(late, KafkaError::Send(SendError::TransactionOver { .. }));
            assert!(over, "{late:?}");
            two(&tx, "kept").await
        })
        .await
        .unwrap();
    assert_eq!(test.committed("a").await, ["kept"]);
}

#[tokio::test]
async fn a_failed_delivery_aborts_and_is_reported_by_the_commit() {
    let test = fixture(|_| {}).await;
    let small = NewTopic::new("small")
        .partitions(1)
        .config("max.message.bytes", "1000");
    test.kafka.admin().create_topics(&[small]).await.unwrap();
    let huge = "x".repeat(2_000);
    let result = test.kafka.transaction(async |tx| {
        tx.send("a", raw("aborted")).await?;
        tx.send("small", raw(&huge)).await
    });
    let error = transaction_error(result.await);
    let TransactionError::Undelivered { failures, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(
        matches!(&failures[..], [SendError::TooLarge { .. }]),
        "{failures:?}"
    );
    assert!(!error.is_retriable() && error.to_string().contains("too large"));
    test.kafka
        .transaction(async |tx| two(&tx, "kept").await)
        .await
        .unwrap();
    assert_eq!(test.committed("a").await, ["kept"]);
}

#[tokio::test]
async fn an_empty_transaction_commits_and_aborts() {
    let test = fixture(|_| {}).await;
    let nothing = test.kafka.transaction(async |_| Ok::<_, KafkaError>(()));
    nothing.await.unwrap();
    let refused = test
        .kafka
        .transaction(async |_| Err::<(), _>(KafkaError::from(TransactionError::Closed)));
    assert!(refused.await.is_err());
    test.kafka
        .transaction(async |tx| two(&tx, "kept").await)
        .await
        .unwrap();
    assert_eq!(test.committed("a").await, ["kept"]);
}

#[tokio::test]
async fn a_transaction_in_a_transaction_is_refused() {
    let test = fixture(|_| {}).await;
    let kafka = &test.kafka;
    let result = kafka.transaction(async |tx| {
        two(&tx, "outer").await?;
        kafka.transaction(async |tx| two(&tx, "inner").await).await
    });
    let error = transaction_error(result.await);
    assert!(matches!(error, TransactionError::Nested), "{error:?}");
}

#[tokio::test]
async fn a_transactional_template_refuses_plain_sends() {
    let test = fixture(|config| config.transactions.id_prefix = Some("tx-".into())).await;
    let refused = test.kafka.send("a", raw("plain")).await.unwrap_err();
    assert!(
        matches!(refused, SendError::OutsideTransaction { .. }),
        "{refused:?}"
    );
    assert!(refused.topic().ends_with(".a"), "{refused}");
    test.kafka
        .transaction(async |tx| two(&tx, "kept").await)
        .await
        .unwrap();
    assert_eq!(test.committed("a").await, ["kept"]);
}

#[tokio::test]
async fn transactions_at_the_same_time_have_a_producer_each_and_wait_for_one() {
    let test = fixture(|config| config.transactions.producers = 2).await;
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let kafka = test.kafka.clone();
            tokio::spawn(async move {
                let text = n.to_string();
                kafka.transaction(async |tx| two(&tx, &text).await).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let mut seen: Vec<u32> = test
        .committed("a")
        .await
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_fenced_producer_is_replaced_once_and_then_reported() {
    let stable = |config: &mut TemplateConfig| {
        config.transactions.id_prefix = Some("tx-".into());
        config.transactions.producers = 1;
    };
    let test = fixture(stable).await;
    let steal = async || {
        let thief = KafkaTemplate::new(test.config.clone()).unwrap();
        thief.transaction(async |tx| two(&tx, "stolen").await).await
    };
    let robbed = async || {
        let robbed = test.kafka.transaction(async |tx| {
            two(&tx, "fenced").await?;
            steal().await
        });
        transaction_error(robbed.await)
    };
    let error = robbed().await;
    assert!(
        matches!(error, TransactionError::Fenced { again: false, .. }),
        "{error:?}"
    );
    assert!(error.is_retriable() && error.is_fenced());
    let error = robbed().await;
    assert!(
        matches!(error, TransactionError::Fenced { again: true, .. }),
        "{error:?}"
    );
    assert!(!error.is_retriable());
    test.kafka
        .transaction(async |tx| two(&tx, "kept").await)
        .await
        .unwrap();
    let error = robbed().await;
    assert!(
        matches!(error, TransactionError::Fenced { again: false, .. }),
        "a commit in between makes good: {error:?}"
    );
    let seen = test.committed("a").await;
    assert_eq!(seen, ["stolen", "stolen", "kept", "stolen"]);
}

#[tokio::test]
async fn a_closed_template_begins_no_transaction() {
    let test = fixture(|_| {}).await;
    test.kafka
        .transaction(async |tx| two(&tx, "kept").await)
        .await
        .unwrap();
    assert_eq!(test.kafka.close(Duration::from_secs(10)).await, 0);
    let refused = test.kafka.transaction(async |tx| two(&tx, "late").await);
    let error = transaction_error(refused.await);
    assert!(matches!(error, TransactionError::Closed), "{error:?}");
    drop(test.broker);
}
