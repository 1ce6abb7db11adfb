//! Rights of templates.

use std::time::{Duration, Instant};

use micro_kafka::RunningApp;
use micro_kafka::template::SendError;

use crate::lists::{On, Operation};
use crate::support::{Access, sender};

const LONG: Duration = Duration::from_secs(120);

async fn start(kafka: &Access) -> RunningApp {
    sender(kafka.config("")).start().await.unwrap()
}

async fn refused(app: &RunningApp) -> SendError {
    app.template().send("orders", "refused").await.unwrap_err()
}

async fn is_refused_the_topic(app: &RunningApp, kafka: &Access) {
    let error = refused(app).await;
    assert!(error.is_unauthorized(), "{error:?}");
    let needs = kafka.needs("WRITE", "topic", "orders");
    assert!(error.to_string().contains(&needs), "{error}");
}

/// Sends until it is taken: a topic that nothing was known of is asked for anew.
async fn goes_on(app: RunningApp, kafka: &Access) {
    let began = Instant::now();
    while let Err(error) = app.template().send("orders", "sent").await {
        assert!(began.elapsed() < LONG, "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(kafka.end("orders").await, 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_may_be_seen_but_not_written() {
    let Some(kafka) = Access::kafka().await else {
        return;
    };
    kafka.topics(&["orders"]).await;
    kafka.allow_topic("orders", &[Operation::Describe]);
    let app = start(&kafka).await;
    is_refused_the_topic(&app, &kafka).await;
    kafka.allow_topic("orders", &[Operation::Write]);
    goes_on(app, &kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_may_not_be_known_of() {
    let Some(kafka) = Access::kafka().await else {
        return;
    };
    kafka.topics(&["orders"]).await;
    let app = start(&kafka).await;
    for _ in 0..3 {
        is_refused_the_topic(&app, &kafka).await;
    }
    kafka.allow_topic("orders", &[Operation::Write]);
    goes_on(app, &kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_topic_that_may_be_written() {
    let Some(kafka) = Access::powerless().await else {
        return;
    };
    kafka.topics(&["orders"]).await;
    kafka.allow_topic("orders", &[Operation::Describe]);
    let app = start(&kafka).await;
    let error = refused(&app).await.to_string();
    let needs =
        "the principal `User:carol` needs IDEMPOTENT_WRITE on the cluster, or WRITE on a topic";
    assert!(error.contains(needs), "{error}");
    kafka.allow_topic("orders", &[Operation::Write]);
    goes_on(app, &kafka).await;
    let wire = kafka.wire("orders");
    kafka.forbid(On::Topic(&wire), Operation::Write);
}
