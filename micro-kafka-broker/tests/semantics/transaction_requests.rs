//! Requests of transactions as brokers and senseless clients send them.

use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};

use crate::kafka::{Kafka, text};
use crate::transaction::{CONCURRENT, Producer};
use crate::transaction_admin::describe;

const INVALID_REQUEST: i16 = 42;
const INVALID_MAPPING: i16 = 49;
const INVALID_TIMEOUT: i16 = 50;
const FENCED: i16 = 90;
const ABORTABLE: i16 = 120;

#[tokio::test]
async fn brokers_ask_for_several_transactions_at_once() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("several", 2, &[]).await;
    let name = kafka.name("x");
    let producer = kafka.init(&name).await;
    for version in [4, 5] {
        let codes = kafka.ask(&producer, version, true, &topic).await;
        assert_eq!(codes, [ABORTABLE, ABORTABLE], "version {version}");
    }
    assert_eq!(kafka.ask(&producer, 4, false, &topic).await, [0, 0]);
    assert_eq!(kafka.ask(&producer, 4, true, &topic).await, [0, 0]);
    let zombie = Producer {
        epoch: producer.epoch + 1,
        ..producer.clone()
    };
    for verify_only in [true, false] {
        let codes = kafka.ask(&zombie, 4, verify_only, &topic).await;
        assert_eq!(codes, [FENCED, FENCED]);
        let nobody = Producer::unknown("no-such-id");
        let codes = kafka.ask(&nobody, 4, verify_only, &topic).await;
        assert_eq!(codes, [INVALID_MAPPING, INVALID_MAPPING]);
    }
    let codes = kafka.ask(&producer, 4, true, "no-such-topic").await;
    assert_eq!(codes, [3, 3]);
}

#[tokio::test]
async fn senseless_requests_are_told_what_is_wrong() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("senseless", 1, &[]).await;
    let name = kafka.name("x");
    kafka.until_transactions_work().await;
    let unknown = Producer {
        id: 7,
        epoch: 0,
        ..Producer::unknown(&name)
    };
    assert_eq!(kafka.add(&unknown, 3, &topic).await, INVALID_MAPPING);
    assert_eq!(kafka.add_offsets(&unknown, 3, "g").await, INVALID_MAPPING);
    assert_eq!(kafka.end(&unknown, 3, true).await, Err(INVALID_MAPPING));
    assert_eq!(kafka.end(&unknown, 5, true).await, Err(INVALID_MAPPING));
    for version in [9, 12] {
        let sent = kafka
            .send(&unknown, version, &topic, &unknown.batch(0))
            .await;
        assert_eq!(sent, Err(INVALID_MAPPING), "version {version}");
    }
    let nameless = Producer {
        name: String::new(),
        ..unknown.clone()
    };
    assert_eq!(kafka.add(&nameless, 3, &topic).await, INVALID_REQUEST);
    assert_eq!(kafka.end(&nameless, 3, true).await, Err(INVALID_REQUEST));
    let nobody = Producer::unknown("");
    assert_eq!(
        kafka.try_init(&nobody, 4, 60_000).await,
        Err(INVALID_REQUEST)
    );
    let half = Producer {
        epoch: 0,
        ..Producer::unknown(&name)
    };
    assert_eq!(kafka.try_init(&half, 4, 60_000).await, Err(INVALID_REQUEST));
    let new = Producer::unknown(&name);
    for timeout in [0, -1, 900_001] {
        let taken = kafka.try_init(&new, 4, timeout).await;
        assert_eq!(taken, Err(INVALID_TIMEOUT), "timeout {timeout}");
    }
    let producer = kafka.init(&name).await;
    let partitions = [(topic.as_str(), 0), ("no-such-topic", 0)];
    let mut codes = kafka.add_to(&producer, 3, &partitions).await;
    codes.sort_unstable();
    assert_eq!(codes, [3, 55], "all or none");
    let described = describe(&mut kafka, &name).await;
    assert_eq!(described.transaction_state.as_str(), "Empty");
}

#[tokio::test]
async fn a_retry_of_a_producers_renewal_is_known_after_a_transaction_too() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let name = kafka.name("x");
    let first = kafka.init(&name).await;
    let second = kafka.try_init(&first, 4, 60_000).await.unwrap();
    assert_eq!(kafka.add(&second, 3, &topic).await, 0);
    kafka.end(&second, 3, true).await.unwrap();
    let mut again = kafka.try_init(&first, 4, 60_000).await;
    while again == Err(CONCURRENT) {
        again = kafka.try_init(&first, 4, 60_000).await;
    }
    assert_eq!(again, Ok(second));
}

#[tokio::test]
async fn the_version_of_transactions_is_told() {
    let mut kafka = Kafka::start().await;
    for version in [3, 4] {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(text("test"))
            .with_client_software_version(text("1"));
        let answer: ApiVersionsResponse = kafka
            .client
            .call(ApiKey::ApiVersions, version, &request)
            .await;
        let name = "transaction.version";
        let supported = answer
            .supported_features
            .iter()
            .find(|f| f.name.as_str() == name);
        let supported = supported.map(|f| (f.min_version, f.max_version));
        assert_eq!(
            supported,
            (version == 4).then_some((0, 2)),
            "version {version}"
        );
        let finalized = answer
            .finalized_features
            .iter()
            .find(|f| f.name.as_str() == name);
        let finalized = finalized.map(|f| (f.min_version_level, f.max_version_level));
        assert_eq!(finalized, Some((2, 2)));
        assert!(answer.finalized_features_epoch >= 0);
    }
}
