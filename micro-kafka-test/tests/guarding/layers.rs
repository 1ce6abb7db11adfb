//! Layers of `tower` around handlers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use micro_kafka::app::Listener;
use micro_kafka::error::BoxError;
use micro_kafka::listener::{AttemptFailed, AttemptFuture, Delivery, Handled, HandlerService};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use tokio::sync::Semaphore;
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower::{Layer, Service, ServiceBuilder};

/// Notes each attempt, and what came of it.
#[derive(Debug, Clone)]
struct Noting<S> {
    inner: S,
    name: &'static str,
    notes: Journal<String>,
}

fn noting(
    name: &'static str,
    notes: &Journal<String>,
) -> impl Layer<HandlerService, Service = Noting<HandlerService>> + use<> {
    let notes = notes.clone();
    tower::layer::layer_fn(move |inner| Noting {
        inner,
        name,
        notes: notes.clone(),
    })
}

impl<S> Service<Delivery> for Noting<S>
where
    S: Service<Delivery, Response = Handled, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Handled;
    type Error = BoxError;
    type Future = AttemptFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, delivery: Delivery) -> AttemptFuture {
        let (name, notes) = (self.name, self.notes.clone());
        let records = delivery.batch().count();
        notes.note(format!(
            "{name} {}.{}",
            delivery.record().offset(),
            delivery.attempt()
        ));
        let attempt = self.inner.call(delivery);
        Box::pin(async move {
            let result = attempt.await;
            let came = match &result {
                Ok(handled) => format!("{} of {records} failed", handled.failures().count()),
                Err(error) => match error.downcast_ref::<AttemptFailed>() {
                    Some(failed) => failed.failure().to_string(),
                    None => error.to_string(),
                },
            };
            notes.note(format!("{name} {came}"));
            result
        })
    }
}

#[kafka_listener(topics = "orders", group_id = "single")]
async fn single(order: &str, attempt: Attempt) -> Result<(), String> {
    tokio::task::yield_now().await;
    match (order, attempt.number()) {
        ("late", 1) => Err("not yet".to_owned()),
        _ => Ok(()),
    }
}

#[kafka_test(topics = ["orders"])]
async fn each_attempt_goes_through_the_layers_the_first_one_outermost(kafka: EmbeddedKafka) {
    let notes = Journal::new();
    let app = kafka.app().listener(single);
    let app = app
        .layer(noting("outer", &notes))
        .layer(noting("inner", &notes));
    let app = app.start().await;
    kafka.send("orders", "late").await;
    app.listener("single").settled().await.assert_handled(1);
    let expected = [
        "outer 0.1",
        "inner 0.1",
        "inner not yet",
        "outer not yet",
        "outer 0.2",
        "inner 0.2",
        "inner 0 of 1 failed",
        "outer 0 of 1 failed",
    ];
    assert_eq!(notes.entries(), expected);
}

#[kafka_listener(topics = "orders", group_id = "many", batch(max = 3, linger = "1h"))]
async fn many(orders: Batch<Text>) -> BatchResult<String> {
    orders.settle(orders.values().map(|order| match &**order {
        "bad" => Err("refused".to_owned()),
        _ => Ok(()),
    }))
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn a_batch_goes_through_them_as_one(kafka: EmbeddedKafka) {
    let notes = Journal::new();
    let app = kafka.app().listener(many).layer(noting("layer", &notes));
    let app = app
        .set("kafka.listeners.many.retry.attempts", 1)
        .start()
        .await;
    for order in ["good", "bad", "fine"] {
        kafka.send("orders", order).await;
    }
    let settled = app.listener("many").settled().await;
    settled.assert_handled(2).assert_dead_lettered(1);
    assert_eq!(notes.entries(), ["layer 0.1", "layer 1 of 3 failed"]);
    kafka
        .dlt("orders")
        .assert_one(|letter| letter.record().payload() == Some(b"bad"));
}

#[kafka_listener(
    topics = "orders",
    group_id = "stuck",
    retry(attempts = 2, backoff = "0s")
)]
async fn stuck(order: &str, attempt: Attempt) {
    if order == "stuck" && attempt.number() == 1 {
        std::future::pending::<()>().await;
    }
}

#[kafka_test(topics = ["orders"])]
async fn towers_timeout_fails_an_attempt_and_the_record_is_tried_again(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(stuck);
    let app = app.layer(TimeoutLayer::new(Duration::from_millis(40)));
    let app = app.start().await;
    kafka.send("orders", "stuck").await;
    let settled = app.listener("stuck").settled().await;
    settled
        .assert_attempts(2)
        .assert_handled(1)
        .assert_dead_lettered(0);
}

/// How many handlers are at work, and how many were at most.
#[derive(Debug, Clone, Default)]
struct AtWork(Arc<(AtomicUsize, AtomicUsize)>);

#[kafka_listener(
    topics = "orders",
    group_id = "limited",
    order = "none",
    parallelism = 16,
    concurrency = 2
)]
async fn limited(_: &str, State(at_work): State<AtWork>) {
    let (now, most) = &*at_work.0;
    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    now.fetch_sub(1, Ordering::SeqCst);
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn towers_concurrency_limit_holds_over_all_consumers(kafka: EmbeddedKafka) {
    let at_work = AtWork::default();
    let app = kafka.app().listener(limited).state(at_work.clone());
    let app = app.layer(ConcurrencyLimitLayer::new(3)).start().await;
    for number in 0..100 {
        kafka
            .send("orders", format!("{number}"))
            .partition(number % 2)
            .await;
    }
    app.listener("limited").settled().await.assert_handled(100);
    let most = at_work.0.1.load(Ordering::SeqCst);
    assert!((1..=3).contains(&most), "{most}");
}

#[kafka_test(topics = ["orders"])]
async fn towers_rate_limit_and_a_whole_stack_are_layers_too(kafka: EmbeddedKafka) {
    let notes = Journal::new();
    let stack = ServiceBuilder::new()
        .rate_limit(2, Duration::from_millis(50))
        .timeout(Duration::from_secs(60))
        .layer(noting("stack", &notes));
    let app = kafka.app().listener(single).layer(stack);
    let app = app.start().await;
    let begun = std::time::Instant::now();
    for _ in 0..5 {
        kafka.send("orders", "now").await;
    }
    app.listener("single").settled().await.assert_handled(5);
    assert!(
        begun.elapsed() >= Duration::from_millis(100),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(notes.entries().len(), 10);
}

#[kafka_test(topics = ["orders"])]
async fn a_layer_may_answer_in_the_handlers_place(kafka: EmbeddedKafka) {
    let skipping = tower::layer::layer_fn(|inner: HandlerService| {
        let inner = std::sync::Mutex::new(inner);
        tower::service_fn(move |delivery: Delivery| {
            let skip = delivery.record().payload() == Some(b"skip");
            let handled = (!skip).then(|| inner.lock().unwrap().call(delivery));
            async move {
                match handled {
                    Some(attempt) => attempt.await,
                    None => Ok(Handled::done()),
                }
            }
        })
    });
    let handled = Journal::new();
    let notes = handled.clone();
    let listener = Listener::new("own", move |record: &Record| {
        let notes = notes.clone();
        Box::pin(async move {
            notes.note(record.payload().map(<[u8]>::to_vec));
            Ok(())
        })
    });
    let listener = listener.topics(["orders"]).layer(skipping);
    let app = kafka.app().register(listener).listener(stuck);
    let app = app.start().await;
    for order in ["one", "skip", "two"] {
        kafka.send("orders", order).await;
    }
    app.listener("own").settled().await.assert_handled(3);
    assert_eq!(
        handled.entries(),
        [Some(b"one".to_vec()), Some(b"two".to_vec())]
    );
}

#[kafka_listener(topics = "orders", group_id = "gated")]
async fn gated(_: &str, State(gate): State<Arc<Semaphore>>) {
    gate.acquire().await.unwrap().forget();
}

#[kafka_test(topics = ["orders"])]
async fn a_panic_of_a_layer_fails_its_attempt_alone(kafka: EmbeddedKafka) {
    let panicking = tower::layer::layer_fn(|mut inner: HandlerService| {
        tower::service_fn(move |delivery: Delivery| {
            assert!(delivery.attempt() > 1, "as planned");
            inner.call(delivery)
        })
    });
    let gate = Arc::new(Semaphore::new(1));
    let app = kafka.app().listener(gated).state(gate).layer(panicking);
    let app = app.start().await;
    kafka.send("orders", "one").await;
    let settled = app.listener("gated").settled().await;
    settled.assert_attempts(2).assert_handled(1);
}
