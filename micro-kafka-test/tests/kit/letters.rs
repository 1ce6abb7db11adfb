//! Dead letters, looked for by what their headers say; and applications that settle.

use micro_kafka_test::prelude::*;

use crate::{charge, failure};

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn dead_letters_are_found_by_error_attempts_and_listener(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    kafka.send("orders", "declined").key("c1").await;
    kafka.send("orders", "closed").key("c2").await;
    kafka.send("orders", "fine").key("c2").await;
    kafka.advance("9m").await;
    let settled = app.settled().await;
    settled
        .assert_dead_lettered(2)
        .assert_retried(3)
        .assert_skipped(0);
    let letters = || kafka.dlt("orders");
    letters()
        .error("Declined")
        .attempts(1)
        .assert_one(|it| it.record().key() == Some(b"c1"));
    letters()
        .key("c2")
        .value("closed")
        .assert_one(|it| it.failure().attempts == Some(4));
    letters().listener("charge").assert_count(2);
    letters()
        .listener("charge")
        .assert_all(|it| it.failure().partition < 2);
    letters().error("Closed").attempts(1).assert_none();
    assert_eq!(letters().error("Closed").one().failure().error, "Closed");
    let said = failure(async { letters().error("Declined").attempts(4).one() }).await;
    assert!(
        said.contains(
            "expected one dead letter with error=Declined, attempts=4, found 0: 2 arrived:"
        ),
        "{said}"
    );
    let said = failure(async { letters().error("Declined").assert_none() }).await;
    assert!(
        said.contains("with error=Declined, found 1: 2 arrived:"),
        "{said}"
    );
    let starred = said
        .lines()
        .filter(|line| line.starts_with("* ") && line.contains("key=c1"));
    assert_eq!(starred.count(), 1, "{said}");
    let said = failure(async { letters().assert_all(|it| it.failure().error == "Closed") }).await;
    assert!(
        said.contains("not as expected") && said.contains("Declined"),
        "{said}"
    );
}

#[kafka_test(topics = ["orders"])]
async fn a_listener_that_does_not_settle_shows_what_is_on_its_way(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    kafka.send("orders", "closed").await;
    let settled = app.listener("charge").settled().within("100ms");
    let said = failure(settled).await;
    let topic = kafka.wire_name("orders");
    for part in [
        "listener `charge` has not settled, within 100ms",
        &format!("{topic}[0] consumer 0: 1 unfinished, read to Some(1)"),
        ", tried again in ",
    ] {
        assert!(said.contains(part), "{said}\nlacks {part}");
    }
}
