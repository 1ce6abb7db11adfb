//! Named templates, default topics, own partitioners, interceptors and listeners.

use std::sync::Arc;
use std::time::Duration;

use micro_kafka::prelude::{KafkaRecord, Serialize};
use micro_kafka::template::{
    KafkaError, KafkaTemplate, KeyHash, OutboundRecord, Partitioner, ProducerInterceptor,
    ProducerListener, SendError, SendResult,
};
use tokio::sync::mpsc;

use crate::support::{cluster, config, raw, read, template};

#[derive(Serialize, KafkaRecord)]
#[kafka(topic = "orders")]
struct Order {
    #[kafka(key)]
    customer: String,
    cents: i64,
}

#[tokio::test]
async fn a_record_goes_to_its_own_topic_with_its_own_key() {
    let cluster = cluster("orders", 3);
    let kafka = template(&cluster, &[]);
    let order = Order {
        customer: "21".into(),
        cents: 5,
    };
    let sent = kafka.publish(&order).header("source", "web").await.unwrap();
    assert_eq!(&*sent.topic, "orders");
    assert_eq!(sent.partition, KeyHash::of(b"21").partition(3));
    let record = &read(&cluster, "orders", 3, 1)[0];
    assert_eq!(record.key.as_deref(), Some(&b"21"[..]));
    let json = br#"{"customer":"21","cents":5}"#;
    assert_eq!(record.payload.as_deref(), Some(&json[..]));
    assert_eq!(record.headers[0].name, b"source");
}

#[tokio::test]
async fn a_send_without_topic_goes_to_the_default_one() {
    let cluster = cluster("orders", 1);
    let mut settings = config(&cluster, &[]);
    let kafka = KafkaTemplate::new(settings.clone()).unwrap();
    let error = kafka.send_default(raw("x")).await.unwrap_err();
    assert!(matches!(error, SendError::NoTopic), "{error:?}");
    settings.default_topic = Some("orders".into());
    let kafka = KafkaTemplate::new(settings).unwrap();
    assert_eq!(
        &*kafka.send_default(raw("x")).await.unwrap().topic,
        "orders"
    );
}

#[tokio::test]
async fn topics_of_another_template_go_by_it() {
    let (here, there) = (cluster("orders", 1), cluster("audit-log", 1));
    let audit = template(&there, &[]);
    let kafka = template(&here, &[]).with_template("audit", &["audit-*".into()], audit);
    kafka.send("orders", raw("order")).await.unwrap();
    kafka.send("audit-log", raw("login")).await.unwrap();
    let records = read(&there, "audit-log", 1, 1);
    assert_eq!(records[0].payload.as_deref(), Some(&b"login"[..]));
    kafka
        .named("audit")
        .unwrap()
        .flush(Duration::ZERO)
        .await
        .unwrap();
    let unknown = kafka.named("audits").unwrap_err();
    assert!(
        matches!(&unknown, KafkaError::UnknownTemplate { known, .. } if known == "audit"),
        "{unknown:?}"
    );
    assert_eq!(kafka.close(Duration::from_secs(10)).await, 0);
    let late = kafka.send("audit-log", raw("late")).await;
    assert!(matches!(late, Err(SendError::Closed { .. })), "{late:?}");
}

struct Last;

impl Partitioner for Last {
    fn partition(&self, topic: &str, key: Option<&[u8]>, partitions: i32) -> i32 {
        assert_eq!(topic, "orders");
        assert_ne!(key, Some(&b"panic"[..]), "on purpose");
        match key {
            Some(b"nowhere") => partitions,
            _ => partitions - 1,
        }
    }
}

#[tokio::test]
async fn a_partitioner_of_ones_own_chooses_and_may_fail() {
    let cluster = cluster("orders", 5);
    let kafka = KafkaTemplate::new(config(&cluster, &[]).partitioner(Last)).unwrap();
    for _ in 0..3 {
        assert_eq!(
            kafka
                .send("orders", raw("x"))
                .key("21")
                .await
                .unwrap()
                .partition,
            4
        );
    }
    let asked = kafka.send("orders", raw("x")).partition(2).await.unwrap();
    assert_eq!(asked.partition, 2);
    for key in ["nowhere", "panic"] {
        let error = kafka.send("orders", raw("x")).key(key).await.unwrap_err();
        let unknown = matches!(error, SendError::UnknownPartition { .. });
        assert!(unknown, "{error:?}");
        assert_eq!(error.key_hash(), Some(KeyHash::of(key.as_bytes())));
    }
}

struct Trace(&'static str);

impl ProducerInterceptor for Trace {
    fn before_send(&self, record: &mut OutboundRecord<'_>) {
        let seen = record.headers().count();
        let line = format!(
            "{} {} {:?} {seen}",
            self.0,
            record.topic(),
            record.key().map(String::from_utf8_lossy)
        );
        record.add_header("trace", line);
    }
}

#[tokio::test]
async fn interceptors_see_each_record_in_their_order() {
    let cluster = cluster("orders", 1);
    let settings = config(&cluster, &[])
        .interceptor(Trace("first"))
        .interceptor(Trace("second"));
    let kafka = KafkaTemplate::new(settings).unwrap();
    kafka.send("orders", raw("x")).key("k").await.unwrap();
    kafka.send("orders", raw("y")).header("own", "1").detach();
    let records = read(&cluster, "orders", 1, 2);
    let values = |record: usize| -> Vec<String> {
        let headers = records[record].headers.iter();
        headers
            .map(|header| String::from_utf8(header.value.clone().unwrap()).unwrap())
            .collect()
    };
    assert_eq!(
        values(0),
        ["first orders Some(\"k\") 0", "second orders Some(\"k\") 1"]
    );
    assert_eq!(
        values(1),
        ["1", "first orders None 1", "second orders None 2"]
    );
}

struct Tell(mpsc::UnboundedSender<Result<i64, String>>);

impl ProducerListener for Tell {
    fn on_success(&self, stored: &SendResult) {
        self.0.send(Ok(stored.offset)).unwrap();
    }

    fn on_error(&self, error: &SendError) {
        self.0.send(Err(error.to_string())).unwrap();
    }
}

#[tokio::test]
async fn a_listener_is_told_of_every_delivery() {
    let cluster = cluster("orders", 1);
    let (sender, mut told) = mpsc::unbounded_channel();
    let kafka = KafkaTemplate::new(config(&cluster, &[]).listener(Tell(sender))).unwrap();
    kafka.send("orders", raw("x")).await.unwrap();
    assert_eq!(told.recv().await, Some(Ok(0)));
    kafka.send("orders", raw("y")).detach();
    assert_eq!(told.recv().await, Some(Ok(1)));
    let failed = kafka.send("orders", raw("z")).partition(9).await;
    assert_eq!(
        told.recv().await,
        Some(Err(failed.unwrap_err().to_string()))
    );
}

#[tokio::test]
async fn many_are_sent_in_their_order() {
    let cluster = cluster("orders", 1);
    let kafka = Arc::new(template(&cluster, &[]));
    let texts: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    let sends = texts.iter().map(|text| kafka.send("orders", raw(text)));
    let stored = kafka.send_all(sends).await;
    for (n, stored) in (0..).zip(stored) {
        assert_eq!(stored.unwrap().offset, n);
    }
    assert_eq!(read(&cluster, "orders", 1, 500).len(), 500);
}
