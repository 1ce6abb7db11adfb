use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::FutureRecord;

use crate::broker::{DEADLINE, RestartedBroker};

fn partitions(broker: &RestartedBroker) -> Vec<(String, usize)> {
    let consumer: BaseConsumer = broker.client();
    let metadata = consumer.fetch_metadata(None, DEADLINE).unwrap();
    let topics = metadata.topics().iter();
    let mut topics: Vec<_> = topics
        .map(|topic| (topic.name().to_owned(), topic.partitions().len()))
        .filter(|(name, _)| !name.starts_with("__"))
        .collect();
    topics.sort();
    topics
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_survive_with_their_partitions_and_deleted_ones_do_not() {
    let mut broker = RestartedBroker::start(&["--topic=orders:3"]);
    let admin: AdminClient<DefaultClientContext> = broker.client();
    let options = AdminOptions::new().operation_timeout(Some(DEADLINE));
    let compacted =
        NewTopic::new("state", 2, TopicReplication::Fixed(1)).set("cleanup.policy", "compact");
    let gone = NewTopic::new("gone", 1, TopicReplication::Fixed(1));
    let created = admin.create_topics([&compacted, &gone], &options).await;
    assert!(created.unwrap().iter().all(Result::is_ok));
    let deleted = admin.delete_topics(&["gone"], &options).await;
    assert!(deleted.unwrap().iter().all(Result::is_ok));
    for closed in [true, false] {
        match closed {
            true => broker.stop(),
            false => broker.kill(),
        };
        broker.restart();
        let expected = [("orders".to_owned(), 3), ("state".to_owned(), 2)];
        assert_eq!(partitions(&broker), expected);
        // Its configurations count: a record without a key is refused.
        let producer = broker.producer(&[("message.timeout.ms", "5000")]);
        let keyless = FutureRecord::<(), _>::to("state").payload("x");
        assert!(producer.send(keyless, DEADLINE).await.is_err());
    }
    assert!(!broker.dir().join("gone-0").exists());
}

#[test]
fn a_second_broker_on_the_same_directory_is_refused() {
    let broker = RestartedBroker::start(&[]);
    let second = broker.second();
    assert!(!second.status.success());
    let says = String::from_utf8(second.stderr).unwrap();
    assert!(says.contains("is in use by another broker"), "{says}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_batch_is_named_and_ends_the_log() {
    let mut broker = RestartedBroker::start(&["--topic=orders:1"]);
    let producer = broker.producer(&[("linger.ms", "0")]);
    for payload in ["first", "second", "third"] {
        let record = FutureRecord::<(), _>::to("orders").payload(payload);
        producer.send(record, DEADLINE).await.unwrap();
    }
    broker.kill();
    let log = broker.dir().join("orders-0/00000000000000000000.log");
    let mut bytes = std::fs::read(&log).unwrap();
    let second = bytes.windows(6).position(|w| w == b"second").unwrap();
    bytes[second] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    broker.restart();
    let read = broker.read("orders").await;
    assert_eq!(read, [(0, "first".to_owned())]);
    let says = broker.stop();
    assert!(says.contains("00000000000000000000.log"), "{says}");
    assert!(says.contains("checksum"), "{says}");
}
