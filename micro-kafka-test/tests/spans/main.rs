//! A span for each attempt, in the trace of its record: complaint 16 about Spring Kafka, whose
//! traces are lost in error handlers, batches and dead letters.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod collected;

use std::sync::Arc;

use micro_kafka::observe::{Propagation, TraceContext};
use micro_kafka::prelude::*;
use micro_kafka::record::OwnedRecord;
use micro_kafka_test::prelude::*;
use parking_lot::Mutex;

use self::collected::Spans;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const STATE: &str = "vendor=1";

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("timed out")]
    #[kafka(retry(attempts = 2, backoff = "1ms"))]
    Timeout,
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(order: &str) -> Result<(), ChargeError> {
    tokio::task::yield_now().await;
    tracing::info!("charging {order}");
    match order {
        "fine" => Ok(()),
        _ => Err(ChargeError::Timeout),
    }
}

/// A broker for a test whose spans are kept: the subscriber has to be there first.
async fn traced(topics: &[&str], config: &str) -> EmbeddedKafka {
    Spans::installed();
    let builder = EmbeddedKafka::builder().config(config);
    let topics = topics.iter();
    let builder = topics.fold(builder, |builder, topic| builder.topic(*topic, 1));
    builder.start().await.unwrap()
}

/// The places in their traces that records name, one each.
fn traces(records: &[Arc<OwnedRecord>]) -> Vec<TraceContext> {
    let trace = |record: &Arc<OwnedRecord>| {
        let named = record
            .headers
            .iter()
            .filter(|it| &*it.name == b"traceparent");
        let [one] = named.collect::<Vec<_>>()[..] else {
            panic!("not one traceparent: {record:?}");
        };
        TraceContext::parse(one.value.as_deref().unwrap()).unwrap()
    };
    records.iter().map(trace).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_covers_handler_retry_and_dead_letter() {
    let kafka = traced(&["orders", "orders-dlt"], "[kafka.listener]\nspans = true").await;
    let spans = Spans::installed();
    let app = kafka.app().listener(charge).start().await;
    let sent = kafka.send("orders", "lost").header("traceparent", PARENT);
    sent.header("tracestate", STATE).await;
    app.listener("charge")
        .settled()
        .await
        .assert_dead_lettered(1);
    let letters = kafka.records("orders-dlt", 1).await;
    let [letter] = traces(&letters)[..] else {
        panic!("{letters:?}");
    };
    let topic = kafka.wire_name("orders");
    let seen = spans.of("charge", &topic);
    let [first, second] = &seen[..] else {
        panic!("{seen:#?}");
    };
    for (attempt, span) in [("1", first), ("2", second)] {
        assert_eq!(span.field("attempt"), attempt);
        assert_eq!(span.field("partition"), "0");
        assert_eq!(span.field("offset"), "0");
        assert_eq!(span.field("group"), kafka.wire_name("billing"));
        assert_eq!(span.field("trace_id"), TRACE);
        assert_eq!(span.field("parent"), PARENT);
        assert_eq!(span.field("error"), "Timeout");
        assert_eq!(span.field("otel.name"), format!("{topic} process"));
        assert!(
            span.events.contains(&"charging lost".to_owned()),
            "{span:#?}"
        );
        assert!(span.closed, "{span:#?}");
    }
    assert_eq!(first.field("outcome"), "retry");
    assert_eq!(second.field("outcome"), "dead_letter");
    assert_ne!(first.field("span_id"), second.field("span_id"));
    assert_eq!(format!("{:032x}", letter.trace_id()), TRACE);
    assert_eq!(
        format!("{:016x}", letter.span_id()),
        second.field("span_id")
    );
    let states = letters[0]
        .headers
        .iter()
        .filter(|it| &*it.name == b"tracestate");
    assert_eq!(states.count(), 1);
    kafka
        .dlt("orders")
        .assert_one(|it| it.failure().trace.as_deref() == Some(PARENT));
}

#[kafka_listener(topics = "steps", group_id = "copying")]
async fn copy(record: &Record, State(kafka): State<KafkaTemplate>) -> Result<(), KafkaError> {
    let copied = record
        .headers()
        .map(|it| (it.raw_name, it.value.unwrap_or_default()));
    kafka.send("copies", "all headers").headers(copied).await?;
    kafka.send("copies", "none").await?;
    let own = kafka.send("own", "a trace of its own");
    own.header("traceparent", TraceContext::root().to_string())
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_handler_sends_goes_on_in_the_trace_of_its_record() {
    let kafka = traced(
        &["steps", "copies", "own"],
        "[kafka.listeners.copy]\nspans = true",
    )
    .await;
    let spans = Spans::installed();
    let app = kafka.app().listener(copy).start().await;
    let sent = kafka.send("steps", "1").header("traceparent", PARENT);
    sent.header("tracestate", STATE).await;
    app.listener("copy").settled().await.assert_handled(1);
    let seen = spans.of("copy", &kafka.wire_name("steps"));
    let [span] = &seen[..] else {
        panic!("{seen:#?}");
    };
    assert_eq!(span.field("outcome"), "done");
    let copies = kafka.records("copies", 2).await;
    for copy in traces(&copies) {
        assert_eq!(format!("{:032x}", copy.trace_id()), TRACE);
        assert_eq!(format!("{:016x}", copy.span_id()), span.field("span_id"));
    }
    for copy in &copies {
        let states = copy.headers.iter().filter(|it| &*it.name == b"tracestate");
        assert_eq!(states.count(), 1, "{copy:?}");
    }
    let own = traces(&kafka.records("own", 1).await);
    assert_ne!(format!("{:032x}", own[0].trace_id()), TRACE);
}

#[kafka_listener(topics = "clicks", group_id = "search", batch(max = 10))]
async fn index(clicks: Batch<Text>) -> BatchResult<ChargeError> {
    let results = clicks.values().map(|click| match click.as_str() {
        "bad" => Err(ChargeError::Timeout),
        _ => Ok(()),
    });
    clicks.settle(results)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_one_span_and_its_dead_letter_stays_in_its_own_trace() {
    let kafka = traced(&["clicks"], "[kafka.listener]\nspans = true").await;
    let spans = Spans::installed();
    kafka.send("clicks", "good").await;
    kafka
        .send("clicks", "bad")
        .header("traceparent", PARENT)
        .await;
    kafka.send("clicks", "good").await;
    let app = kafka.app().listener(index).start().await;
    app.listener("index")
        .settled()
        .await
        .assert_dead_lettered(1);
    let seen = spans.of("index", &kafka.wire_name("clicks"));
    let records: Vec<_> = seen.iter().map(|span| span.field("records")).collect();
    assert_eq!(records, ["3", ""], "{seen:#?}");
    let letters = traces(&kafka.records("clicks-dlt", 1).await);
    assert_eq!(format!("{:032x}", letters[0].trace_id()), TRACE);
}

#[derive(Debug, Default)]
struct Backend(Mutex<Vec<Option<TraceContext>>>);

#[derive(Debug)]
struct ToBackend(Arc<Backend>);

impl Propagation for ToBackend {
    fn begin(&self, span: &tracing::Span, parent: Option<TraceContext>) -> Option<TraceContext> {
        assert!(!span.is_disabled());
        self.0.0.lock().push(parent);
        TraceContext::new(7, 8, false)
    }
}

/// On a topic of its own: the spans of all tests of this process are in one place.
#[kafka_listener(topics = "hops", group_id = "hopping")]
async fn hop(record: &Record, State(kafka): State<KafkaTemplate>) -> Result<(), KafkaError> {
    let copied = record
        .headers()
        .map(|it| (it.raw_name, it.value.unwrap_or_default()));
    kafka.send("hopped", "all headers").headers(copied).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tracing_system_says_where_the_attempt_is() {
    let kafka = traced(&["hops", "hopped"], "[kafka.listener]\nspans = true").await;
    let backend = Arc::new(Backend::default());
    let propagation = ToBackend(Arc::clone(&backend));
    let app = kafka
        .app()
        .listener(hop)
        .propagation(propagation)
        .start()
        .await;
    kafka.send("hops", "1").header("traceparent", PARENT).await;
    kafka.send("hops", "2").await;
    app.listener("hop").settled().await.assert_handled(2);
    let parent = TraceContext::parse(PARENT.as_bytes());
    assert_eq!(*backend.0.lock(), [parent, None]);
    for copy in traces(&kafka.records("hopped", 2).await) {
        assert_eq!(copy.to_string(), format!("00-{:032x}-{:016x}-00", 7, 8));
    }
}
