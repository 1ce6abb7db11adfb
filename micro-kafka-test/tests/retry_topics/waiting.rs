//! When a retry topic's record is delivered.

use micro_kafka::clock::Clock;

use super::*;

/// What was handled, and when, since the Unix epoch.
#[derive(Debug, Clone)]
struct Times {
    clock: Clock,
    calls: Journal<(String, Duration)>,
}

#[derive(Debug, thiserror::Error)]
#[error("down")]
struct Down;

#[kafka_listener(topics = "jobs", group_id = "work")]
#[retryable(attempts = 3, backoff = "1h")]
async fn job(job: &str, attempt: Attempt, State(times): State<Times>) -> Result<(), Down> {
    times
        .calls
        .note((job.to_owned(), times.clock.since_epoch()));
    match attempt.non_blocking() {
        1 => Err(Down),
        _ => Ok(()),
    }
}

fn times(kafka: &EmbeddedKafka) -> Times {
    Times {
        clock: kafka.clock().clone(),
        calls: Journal::new(),
    }
}

/// A record of the retry topic, due at that time.
async fn put(kafka: &EmbeddedKafka, job: &str, due: Duration) {
    let millis = i64::try_from(due.as_millis()).unwrap();
    kafka
        .send("jobs-retry", job)
        .header("retry_topic-attempts", 2_i32.to_be_bytes())
        .header("retry_topic-backoff-timestamp", &millis.to_be_bytes()[2..])
        .await;
}

#[kafka_test(topics = ["jobs"])]
async fn a_late_head_holds_back_no_earlier_one(kafka: EmbeddedKafka) {
    let times = times(&kafka);
    let app = kafka.app().listener(job).state(times.clone());
    let app = app.start().await;
    let now = times.clock.since_epoch();
    let hour = Duration::from_secs(3_600);
    put(&kafka, "late", now + hour).await;
    put(&kafka, "early", now + hour / 60).await;
    put(&kafka, "now", now).await;
    let jobs = || {
        times
            .calls
            .entries()
            .into_iter()
            .map(|it| it.0)
            .collect::<Vec<_>>()
    };
    kafka.advance("30s").await;
    assert_eq!(jobs(), ["now"]);
    kafka.advance("1m").await;
    assert_eq!(jobs(), ["now", "early"]);
    kafka.advance("1h").await;
    assert_eq!(jobs(), ["now", "early", "late"]);
    app.listener("job").settled().await.assert_handled(3);
    let committed = kafka.committed("work-retry", "jobs-retry").await;
    assert_eq!(committed.values().sum::<i64>(), 3, "{committed:?}");
}

#[kafka_test(topics = ["jobs"])]
async fn none_is_early_and_none_much_too_late(kafka: EmbeddedKafka) {
    let times = times(&kafka);
    let app = kafka.app().listener(job).state(times.clone());
    let _app = app.start().await;
    let begin = times.clock.since_epoch() + Duration::from_millis(500);
    let due = |n: u64| begin + Duration::from_millis(n * 7 % 100);
    for n in 0..100 {
        put(&kafka, &n.to_string(), due(n)).await;
    }
    let mut late = Vec::new();
    for (job, at) in times.calls.reaches(100).await {
        let millis =
            Duration::from_millis(u64::try_from(due(job.parse().unwrap()).as_millis()).unwrap());
        assert!(at >= millis, "{job} came {:?} early", millis - at);
        late.push(at - millis);
    }
    late.sort();
    // The median: other tests have the processor at times.
    assert!(late[50] <= Duration::from_millis(50), "late by {late:?}");
}

#[kafka_test(topics = ["jobs"])]
async fn a_restart_loses_no_waiting_record_and_counts_none_as_abandoned(kafka: EmbeddedKafka) {
    let times = times(&kafka);
    let app = kafka.app().listener(job).state(times.clone());
    let app = app.start().await;
    for n in 0..5 {
        kafka.send("jobs", n.to_string()).await;
    }
    times.calls.reaches(5).await;
    kafka.advance("1s").await;
    let report = app.stop().await;
    assert_eq!(report.abandoned, 0, "{report:?}");
    let app = kafka.app().listener(job).state(times.clone());
    let app = app.start().await;
    kafka.advance("59m").await;
    assert_eq!(times.calls.entries().len(), 5, "too early");
    kafka.advance("2m").await;
    app.listener("job").settled().await.assert_handled(5);
    assert_eq!(times.calls.entries().len(), 10);
    kafka.dlt("jobs").assert_none();
}
