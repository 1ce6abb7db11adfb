//! What the listeners do with a flight, on a Kafka of the test's own.

use flights::summary::Progress;
use micro_kafka_test::prelude::*;

use super::*;

#[kafka_test(topics = ["flights", "flights-dlt"], partitions = 6)]
async fn a_flight_without_arrival_is_tried_three_times(kafka: EmbeddedKafka) {
    let app = start(&kafka, &Tally::new()).await;
    let missing = Flight {
        arrival_delay: None,
        ..first_of_the_year()
    };
    kafka.send("flights", Json(&missing)).key("N14228").await;
    kafka.advance("1s").await; // the back-off's clock: nobody waits
    app.listener("arrive").settled().await.assert_attempts(3);
    kafka.dlt("flights").assert_one(|letter| {
        letter.failure().error == "NoArrival" && letter.failure().attempts == Some(3)
    });
}

#[kafka_test(topics = ["flights", "flights-dlt"], partitions = 6)]
async fn a_cancelled_flight_is_dead_lettered_at_once(kafka: EmbeddedKafka) {
    let app = start(&kafka, &Tally::new()).await;
    let cancelled = Flight {
        departed: None,
        arrival_delay: None,
        ..first_of_the_year()
    };
    kafka.send("flights", Json(&cancelled)).key("N14228").await;
    app.listener("arrive").settled().await.assert_attempts(1);
    let letters = kafka.dlt("flights").error("Cancelled").attempts(1);
    letters
        .key("N14228")
        .value(Json(&cancelled))
        .assert_count(1);
}

#[kafka_test(topics = ["flights", "flights-dlt"], partitions = 6)]
async fn flights_of_this_run_are_counted_and_others_only_handled(kafka: EmbeddedKafka) {
    let tally = Tally::new();
    let app = start(&kafka, &tally).await;
    let arrived = first_of_the_year();
    let cancelled = Flight {
        departed: None,
        number: arrived.number + 1,
        ..arrived.clone()
    };
    for run in [tally.run(), "of yesterday"] {
        for flight in [&arrived, &cancelled] {
            kafka.send("flights", Json(flight)).header("run", run).await;
        }
    }
    app.settled()
        .await
        .assert_handled(4)
        .assert_dead_lettered(2);
    let both = Progress { sent: 0, ended: 2 };
    assert_eq!(*tally.progress().borrow(), both);
}

#[kafka_test(topics = ["flights", "flights-dlt"])]
async fn what_is_no_flight_is_dead_lettered_with_its_bytes(kafka: EmbeddedKafka) {
    let app = start(&kafka, &Tally::new()).await;
    kafka.send("flights", "a balloon").await;
    app.listener("arrive").settled().await.assert_attempts(1);
    kafka.dlt("flights").value("a balloon").assert_count(1);
}

async fn start(kafka: &EmbeddedKafka, tally: &Tally) -> TestApp {
    let app = kafka.app().listener(arrive).listener(give_up);
    app.state(tally.clone()).discover_config().start().await
}

/// It arrived 11 minutes late.
fn first_of_the_year() -> Flight {
    Flight::january_2013().unwrap().swap_remove(0)
}

#[test]
fn its_settings_explain_themselves() {
    let text = micro_kafka::config::explain().unwrap().to_string();
    for part in [
        "[kafka.listeners.arrive]",
        "concurrency = 2 ",
        "attempts = 3 ",
        "application.toml:2:15",
        "session.timeout.ms = \"6000\"",
    ] {
        assert!(text.contains(part), "{text}\nlacks {part}");
    }
}
