//! Requests and their replies, with the headers of Spring Kafka.

use std::time::Duration;

use micro_kafka::admin::NewTopic;
use micro_kafka::codec::{Bytes, Text};
use micro_kafka::record::Record;
use micro_kafka::template::{
    CORRELATION_ID, KafkaError, KafkaTemplate, REPLY_PARTITION, REPLY_TOPIC, ReplyTo, RequestError,
    TemplateConfig,
};
use micro_kafka_broker::Broker;

use crate::broker::own_config;
use crate::support::raw;

/// A template with topic `ask` of one partition.
struct Fixture {
    kafka: KafkaTemplate,
    config: TemplateConfig,
    _broker: Option<Broker>,
}

async fn fixture(change: impl FnOnce(&mut TemplateConfig)) -> Fixture {
    let (mut config, broker) = own_config();
    config = config.property("linger.ms", "0");
    config.replies.topic = Some("answers".into());
    config.replies.timeout = Duration::from_secs(20);
    change(&mut config);
    let kafka = KafkaTemplate::new(config.clone()).unwrap();
    let topics = [("ask", 1), ("answers", 2)];
    let topics = topics.map(|(name, count)| NewTopic::new(name).partitions(count));
    kafka.admin().create_topics(&topics).await.unwrap();
    Fixture {
        kafka,
        config,
        _broker: broker,
    }
}

impl Fixture {
    /// The request at that offset, as soon as it is there.
    async fn request(&self, offset: i64) -> (Record, ReplyTo) {
        let received = tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                if let Some(record) = self.kafka.receive("ask", 0, offset).await.unwrap() {
                    return record;
                }
            }
        });
        let record = received.await.expect("nobody has asked");
        let reply = ReplyTo::of(&record, &self.kafka).expect("a request");
        (record, reply)
    }
}

fn refusal(error: KafkaError) -> RequestError {
    match error {
        KafkaError::Request(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_gets_its_reply() {
    let test = fixture(|_| {}).await;
    let asking = test.kafka.clone();
    let asked = tokio::spawn(async move {
        let reply: Result<Text<String>, _> = asking
            .request("ask", raw("how much?"))
            .key("k")
            .header("tenant", "a")
            .await;
        reply
    });
    let (record, reply) = test.request(0).await;
    let header = |name| record.headers().get(name).and_then(|header| header.value);
    let topic = format!("{}answers", test.config.namespace);
    assert_eq!(header(REPLY_TOPIC), Some(topic.as_bytes()));
    assert_eq!(header(CORRELATION_ID).unwrap().len(), 16);
    assert_eq!(header(REPLY_PARTITION), None);
    assert_eq!((reply.topic(), record.key()), (&*topic, Some(&b"k"[..])));
    reply.send(raw("five")).await.unwrap();
    assert_eq!(asked.await.unwrap().unwrap().0, "five");
    let counts = test.kafka.reply_counts();
    assert_eq!((counts.received, counts.pending, counts.late), (1, 0, 0));
}

#[tokio::test]
async fn a_reply_goes_to_the_instance_that_asked() {
    let test = fixture(|_| {}).await;
    let mut own = test.config.clone();
    own.replies.partition = Some(1);
    let other = KafkaTemplate::new(own).unwrap();
    let first = test.kafka.request::<Text<String>>("ask", raw("a"));
    let first = tokio::spawn(first.into_future());
    let (_, to_first) = test.request(0).await;
    let second = other.request::<Text<String>>("ask", raw("b"));
    let second = tokio::spawn(second.into_future());
    let (record, to_second) = test.request(1).await;
    let partition = record.headers().get(REPLY_PARTITION).unwrap().value;
    assert_eq!(partition, Some(&1_i32.to_be_bytes()[..]));
    let sent = to_second.send(raw("for b")).await.unwrap();
    assert_eq!(sent.partition, 1);
    assert_eq!(second.await.unwrap().unwrap().0, "for b");
    to_first.send(raw("for a")).await.unwrap();
    assert_eq!(first.await.unwrap().unwrap().0, "for a");
}

#[tokio::test]
async fn a_late_reply_is_counted_and_dropped() {
    let test = fixture(|_| {}).await;
    let request = test.kafka.request::<Text<String>>("ask", raw("a"));
    let error = request
        .timeout(Duration::from_millis(50))
        .await
        .unwrap_err();
    let error = refusal(error);
    assert!(matches!(error, RequestError::TimedOut { .. }), "{error:?}");
    assert!(error.maybe_handled());
    let (_, reply) = test.request(0).await;
    reply.send(raw("late")).partition(0).await.unwrap();
    // A further request to the same partition: what came before has been read by then.
    let next = test.kafka.request::<Text<String>>("ask", raw("b"));
    let next = tokio::spawn(next.into_future());
    let (_, reply) = test.request(1).await;
    reply.send(raw("in time")).partition(0).await.unwrap();
    assert_eq!(next.await.unwrap().unwrap().0, "in time");
    assert_eq!(test.kafka.reply_counts().late, 1);
}

#[tokio::test]
async fn an_error_comes_back_as_one() {
    let test = fixture(|_| {}).await;
    let request = test.kafka.request::<Text<String>>("ask", raw("a"));
    let asked = tokio::spawn(request.into_future());
    let (_, reply) = test.request(0).await;
    reply.fail_as("Declined", "card declined").await.unwrap();
    let error = refusal(asked.await.unwrap().unwrap_err());
    let told = matches!(&error, RequestError::Refused { error, message, .. }
        if error == "Declined" && message == "card declined");
    assert!(told, "{error:?}");
}

#[tokio::test]
async fn a_reply_of_another_form_is_an_error() {
    let test = fixture(|_| {}).await;
    let request = test.kafka.request::<Text<String>>("ask", raw("a"));
    let asked = tokio::spawn(request.into_future());
    let (_, reply) = test.request(0).await;
    reply.send(Bytes(&[0xff][..])).await.unwrap();
    let error = refusal(asked.await.unwrap().unwrap_err());
    assert!(
        matches!(error, RequestError::Unreadable { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn several_replies_are_gathered() {
    let test = fixture(|_| {}).await;
    let gather = test
        .kafka
        .request::<Text<String>>("ask", raw("a"))
        .gather(2);
    let gathered = tokio::spawn(gather.into_future());
    let (_, reply) = test.request(0).await;
    reply.send(raw("one")).partition(0).await.unwrap();
    reply.send(raw("two")).partition(0).await.unwrap();
    let gathered = gathered.await.unwrap().unwrap();
    let texts: Vec<_> = gathered.replies.iter().map(|text| &*text.0).collect();
    assert_eq!(texts, ["one", "two"]);
    assert!(gathered.complete);
    let few = test.kafka.request::<Text<String>>("ask", raw("b"));
    let few = few.timeout(Duration::from_millis(50)).gather(3).partial();
    let few = few.await.unwrap();
    assert!(few.replies.is_empty() && !few.complete);
}

#[tokio::test]
async fn a_closed_template_fails_who_waits() {
    let test = fixture(|_| {}).await;
    let request = test.kafka.request::<Text<String>>("ask", raw("a"));
    let asked = tokio::spawn(request.into_future());
    test.request(0).await;
    test.kafka.close(Duration::from_secs(10)).await;
    let error = refusal(asked.await.unwrap().unwrap_err());
    assert!(matches!(error, RequestError::Closed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_missing_reply_topic_is_told_or_made() {
    let test = fixture(|config| config.replies.topic = None).await;
    let request = test.kafka.request::<Text<String>>("ask", raw("a"));
    let error = refusal(request.await.unwrap_err());
    assert!(matches!(error, RequestError::NoReplyTopic), "{error:?}");
    let mut config = test.config.clone();
    config.replies.topic = Some("new-answers".into());
    let kafka = KafkaTemplate::new(config).unwrap();
    let request = kafka.request::<Text<String>>("ask", raw("a"));
    let asked = tokio::spawn(request.into_future());
    let (_, reply) = test.request(0).await;
    reply.send(raw("five")).await.unwrap();
    assert_eq!(asked.await.unwrap().unwrap().0, "five");
    let mut config = test.config.clone();
    config.replies.topic = Some("answers".into());
    config.replies.partition = Some(7);
    let kafka = KafkaTemplate::new(config).unwrap();
    let request = kafka.request::<Text<String>>("ask", raw("a"));
    let error = refusal(request.await.unwrap_err());
    let told = matches!(error, RequestError::NoReplyPartition { partition: 7, .. });
    assert!(told, "{error:?}");
}

#[tokio::test]
async fn a_single_record_is_received_by_its_offset() {
    let test = fixture(|_| {}).await;
    for text in ["zero", "one"] {
        test.kafka.send("ask", raw(text)).await.unwrap();
    }
    let record = test.kafka.receive("ask", 0, 1).await.unwrap().unwrap();
    assert_eq!(record.payload(), Some(&b"one"[..]));
    let missing = test.kafka.receive("ask", 0, 99).await;
    assert!(matches!(missing, Ok(None)), "{missing:?}");
    let unknown = test.kafka.receive("ask", 9, 0).await;
    assert!(unknown.is_err(), "{unknown:?}");
}
