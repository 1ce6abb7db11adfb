//! A transactional id whose epochs run out.

use kafka_protocol::messages::{
    ApiKey, InitProducerIdRequest, InitProducerIdResponse, ResponseHeader, TransactionalId,
};
use kafka_protocol::protocol::{Decodable, HeaderVersion};

use crate::client::frame;
use crate::kafka::{Kafka, text};
use crate::transaction::Producer;

const INVALID_EPOCH: i16 = 47;
const INVALID_MAPPING: i16 = 49;
const FENCED: i16 = 90;
const VERSION: i16 = 4;
/// The last epoch that a producer is given; one more is kept for fencing.
const LAST: i16 = i16::MAX - 1;
/// Requests that are on their way at once.
const AT_ONCE: usize = 1_000;

impl Kafka {
    /// Asks for the next epoch until it is this one: the producer is then the last of many.
    async fn init_up_to(&mut self, name: &str, epoch: i16) -> Producer {
        let mut last = self.init(name).await;
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text(name))))
            .with_transaction_timeout_ms(60_000);
        let request = frame(ApiKey::InitProducerId, VERSION, 1, &request);
        while last.epoch < epoch {
            let missing = usize::try_from(epoch - last.epoch).unwrap();
            let count = missing.min(AT_ONCE);
            self.client.send(&request.repeat(count)).await;
            for _ in 0..count {
                let mut answer = self.client.receive().await.unwrap();
                let header = InitProducerIdResponse::header_version(VERSION);
                ResponseHeader::decode(&mut answer, header).unwrap();
                let answer = InitProducerIdResponse::decode(&mut answer, VERSION).unwrap();
                assert_eq!((answer.error_code, answer.producer_id.0), (0, last.id));
                assert_eq!(answer.producer_epoch, last.epoch + 1);
                last.epoch = answer.producer_epoch;
            }
        }
        last
    }
}

#[tokio::test]
async fn after_the_last_epoch_comes_another_producer_id() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("epochs", 1, &[]).await;
    let name = kafka.name("x");
    let early = kafka.init_up_to(&name, LAST - 1).await;

    // Each transaction takes an epoch, and its end gives the next one.
    let sent = kafka.send(&early, 12, &topic, &early.batch(0)).await;
    assert_eq!(sent, Ok(0));
    let last = kafka.end(&early, 5, true).await.unwrap();
    assert_eq!((last.id, last.epoch), (early.id, LAST));
    kafka.settled(&topic, 2).await;
    let sent = kafka.send(&last, 12, &topic, &last.batch(0)).await;
    assert_eq!(sent, Ok(2));
    let next = kafka.end(&last, 5, true).await.unwrap();
    assert_ne!(next.id, last.id);
    assert_eq!(next.epoch, 0);
    kafka.settled(&topic, 4).await;
    assert_eq!(
        kafka.end(&last, 5, true).await,
        Ok(next.clone()),
        "a repeated end"
    );

    // Whoever still has the old id is out.
    for old in [&early, &last] {
        let sent = kafka.send(old, 9, &topic, &old.batch(1)).await;
        assert!(
            matches!(sent, Err(INVALID_EPOCH | INVALID_MAPPING)),
            "{sent:?}"
        );
        let added = kafka.add(old, 3, &topic).await;
        assert!(matches!(added, FENCED | INVALID_MAPPING), "{added}");
    }
    assert_eq!(kafka.ends(&topic).await, (4, 4));

    let sent = kafka.send(&next, 12, &topic, &next.batch(0)).await;
    assert_eq!(sent, Ok(4));
    let after = kafka.end(&next, 5, true).await.unwrap();
    assert_eq!((after.id, after.epoch), (next.id, 1));
    kafka.settled(&topic, 6).await;
}

#[tokio::test]
async fn a_producer_that_begins_at_the_last_epoch_gets_another_id() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("epochs", 1, &[]).await;
    let name = kafka.name("x");
    let last = kafka.init_up_to(&name, LAST).await;

    // The transaction that it leaves open is aborted first.
    assert_eq!(kafka.add(&last, 3, &topic).await, 0);
    let sent = kafka.send(&last, 9, &topic, &last.batch(0)).await;
    assert_eq!(sent, Ok(0));
    let next = kafka.init(&name).await;
    assert_ne!(next.id, last.id);
    assert_eq!(next.epoch, 1, "its first epoch went with the abort");
    kafka.settled(&topic, 2).await;
    let ended = kafka.end(&last, 3, true).await;
    assert!(matches!(ended, Err(FENCED | INVALID_MAPPING)), "{ended:?}");
    let sent = kafka.send(&next, 12, &topic, &next.batch(0)).await;
    assert_eq!(sent, Ok(2));
    kafka.end(&next, 5, true).await.unwrap();
    kafka.settled(&topic, 4).await;
}
