//! A broker with narrow limits for groups and transactional ids, and with an authorizer.
//!
//! With `MICRO_KAFKA_TIGHT=HOST:PORT` the tests run on the Kafka there, which must have
//! [`SETTINGS`].

use kafka_protocol::messages::{
    ApiKey, DescribeTransactionsRequest, DescribeTransactionsResponse, TransactionalId,
};

use crate::groups::{MEMBER_ID_REQUIRED, enter, join, joining};
use crate::kafka::{Kafka, text};
use crate::transaction::Producer;

const SETTINGS: [(&str, &str); 5] = [
    (
        "authorizer.class.name",
        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    ),
    ("super.users", "User:ANONYMOUS"),
    ("group.max.size", "1"),
    ("transactional.id.expiration.ms", "500"),
    (
        "transaction.remove.expired.transaction.cleanup.interval.ms",
        "50",
    ),
];

const INVALID_PRODUCER_ID_MAPPING: i16 = 49;
const GROUP_MAX_SIZE_REACHED: i16 = 81;
const TRANSACTIONAL_ID_NOT_FOUND: i16 = 105;

pub(crate) async fn start() -> Kafka {
    Kafka::start_with("MICRO_KAFKA_TIGHT", &SETTINGS).await
}

async fn state(kafka: &mut Kafka, name: &str) -> Result<String, i16> {
    let name = TransactionalId(text(name));
    let request = DescribeTransactionsRequest::default().with_transactional_ids(vec![name]);
    let key = ApiKey::DescribeTransactions;
    let mut answer: DescribeTransactionsResponse = kafka.client.call(key, 0, &request).await;
    let state = answer.transaction_states.remove(0);
    match state.error_code {
        0 => Ok(state.transaction_state.to_string()),
        code => Err(code),
    }
}

#[tokio::test]
async fn a_full_group_takes_nobody_else() {
    let mut kafka = start().await;
    let group = kafka.name("full");
    let first = enter(&mut kafka.client, &group).await;
    assert_eq!(first.error_code, 0);
    let refused = join(&mut kafka.client, 5, &joining(&group, "")).await;
    assert_eq!(refused.error_code, GROUP_MAX_SIZE_REACHED);
    let again = join(&mut kafka.client, 5, &joining(&group, &first.member_id)).await;
    assert_eq!(again.error_code, 0, "who is in may join again");
    let other = joining(&kafka.name("other"), "");
    let other = join(&mut kafka.client, 5, &other).await;
    assert_eq!(other.error_code, MEMBER_ID_REQUIRED);
}

#[tokio::test]
async fn a_transactional_id_is_forgotten_when_it_is_not_used() {
    let mut kafka = start().await;
    let name = kafka.name("x");
    let first = kafka.init(&name).await;
    assert_eq!(state(&mut kafka, &name).await, Ok("Empty".to_owned()));
    while state(&mut kafka, &name).await != Err(TRANSACTIONAL_ID_NOT_FOUND) {
        tokio::task::yield_now().await;
    }
    let topic = kafka.topic("t", 1, &[]).await;
    let late = kafka.add(&first, 3, &topic).await;
    assert_eq!(late, INVALID_PRODUCER_ID_MAPPING);
    let next = kafka.init(&name).await;
    assert_eq!(next.epoch, 0);
    assert_ne!(next.id, first.id, "it begins anew");
}

#[tokio::test]
async fn an_open_transaction_keeps_its_id() {
    let mut kafka = start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let name = kafka.name("x");
    let producer = kafka.init(&name).await;
    assert_eq!(kafka.add(&producer, 3, &topic).await, 0);
    let other = kafka.name("y");
    kafka.init(&other).await;
    while state(&mut kafka, &other).await != Err(TRANSACTIONAL_ID_NOT_FOUND) {
        tokio::task::yield_now().await;
    }
    assert_eq!(state(&mut kafka, &name).await, Ok("Ongoing".to_owned()));
    kafka
        .end(&Producer::clone(&producer), 3, false)
        .await
        .unwrap();
}
