//! Who is told of failures: retry listeners, events and alarms.

use micro_kafka::error::{Action, ListenerError, Recovered, RetryListener};
use micro_kafka::listener::{Alarm, AlarmKind, ContainerEvent, Delivery};

use super::*;

type Told = Journal<String>;

#[derive(Debug)]
struct Teller(Told);

impl RetryListener for Teller {
    fn failed(&self, delivery: &Delivery, error: &ListenerError, action: Action) {
        let (class, attempt) = (error.class(), delivery.attempt());
        self.0.note(format!("{class} {attempt} {action:?}"));
    }

    fn recovered(&self, _: &Delivery, error: &ListenerError, went: Recovered) {
        self.0.note(format!("{} {went:?}", error.class()));
    }
}

#[derive(Debug, thiserror::Error, Classify)]
enum Trouble {
    #[error("busy")]
    Busy,
    #[error("fatal")]
    #[kafka(dead_letter)]
    Fatal,
}

#[kafka_listener(topics = "watched", group_id = "watched", retry(attempts = 2))]
async fn watched(payload: &str) -> Result<(), Trouble> {
    match payload {
        "busy" => Err(Trouble::Busy),
        "fatal" => Err(Trouble::Fatal),
        _ => Ok(()),
    }
}

#[kafka_test(topics = ["watched"])]
async fn each_failure_is_told_with_what_was_decided_and_where_the_record_went(
    kafka: EmbeddedKafka,
) {
    let told = Told::new();
    let teller = Teller(told.clone());
    let app = kafka.app().listener(watched);
    let app = app.retry_listener(teller).start().await;
    let mut events = app.listener("watched").events();
    for payload in ["busy", "fatal", "fine"] {
        kafka.send("watched", payload).await;
    }
    app.listener("watched").settled().await.assert_handled(1);
    assert_eq!(
        told.entries(),
        [
            "Busy 1 RetryAfter(0ns)",
            "Busy 2 Recover",
            "Busy DeadLettered",
            "Fatal 1 DeadLetter",
            "Fatal DeadLettered",
        ]
    );
    let mut seen = Vec::new();
    while let Some(event) = events.try_next() {
        match &*event {
            ContainerEvent::RecordRetried { error, attempt, .. } => {
                seen.push((*error, *attempt, None));
            }
            ContainerEvent::RecordRecovered {
                error,
                attempts,
                went,
                ..
            } => seen.push((*error, *attempts, Some(*went))),
            _ => {}
        }
    }
    let dead = Some(Recovered::DeadLettered);
    assert_eq!(
        seen,
        [("Busy", 1, None), ("Busy", 2, dead), ("Fatal", 1, dead)]
    );
}

#[kafka_test(topics = ["watched"])]
async fn many_failures_in_a_short_time_raise_an_alarm(kafka: EmbeddedKafka) {
    let alarms = Journal::<Alarm>::new();
    let hook = alarms.clone();
    let settings = r#"
        [kafka.listeners.watched.alarm]
        dead-letters = 3
        within = "1m"
    "#;
    let app = kafka.app().listener(watched).config(settings);
    let app = app.alarm_hook(move |alarm| {
        hook.note(alarm.clone());
    });
    let app = app.start().await;
    for payload in ["fatal", "fine", "fatal"] {
        kafka.send("watched", payload).await;
    }
    app.listener("watched").settled().await;
    assert!(alarms.entries().is_empty(), "two are too few");
    kafka.send("watched", "fatal").await;
    app.listener("watched").settled().await;
    let alarms = alarms.entries();
    let [alarm] = &alarms[..] else {
        panic!("{alarms:?}");
    };
    assert_eq!(
        (alarm.kind, alarm.count, alarm.error),
        (AlarmKind::DeadLetters, 3, "Fatal")
    );
    assert_eq!(&*alarm.listener, "watched");
}
