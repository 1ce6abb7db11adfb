//! Some readings of a batch cannot be read, and the database refuses others: each comes to an end of
//! its own, and all others are stored at once.
//!
//! Run with `cargo run -p poison-batch`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::watch;

#[derive(Debug, Serialize, Deserialize)]
struct Reading {
    sensor: u32,
    celsius: f64,
}

/// The error type says what becomes of the record.
#[derive(Debug, thiserror::Error, Classify)]
enum StoreError {
    #[error("locked")]
    #[kafka(retry)]
    Locked,
    #[error("{0} °C is colder than anything")]
    #[kafka(dead_letter)]
    Impossible(f64),
}

/// What has come to its end: how many were stored, and the letters.
#[derive(Debug, Clone, Default)]
struct Ended(watch::Sender<(usize, Vec<String>)>);

/// What cannot be read never comes here: it is in the dead-letter topic already. What is to be tried
/// again goes to a retry topic, so that the next batch need not wait for it.
#[kafka_listener(
    topics = "readings",
    group_id = "climate",
    batch(max = 10, linger = "100ms")
)]
#[retryable(attempts = 3, backoff = "200ms")]
async fn store(
    readings: Batch<(Json<Reading>, Attempt)>,
    State(ended): State<Ended>,
) -> BatchResult<StoreError> {
    println!("a batch of {}", readings.len());
    let mut results = Vec::new();
    for reading in readings.iter() {
        let (Json(Reading { sensor, celsius }), attempt) = reading.value();
        let result = match attempt.non_blocking() {
            _ if *celsius < -273.15 => Err(StoreError::Impossible(*celsius)),
            1 if *sensor == 3 => Err(StoreError::Locked),
            _ => Ok(()),
        };
        match &result {
            Ok(()) => println!("  sensor {sensor}: {celsius} °C"),
            Err(error) => println!("  sensor {sensor}: {error}"),
        }
        ended
            .0
            .send_modify(|(stored, _)| *stored += usize::from(result.is_ok()));
        results.push(result);
    }
    readings.settle(results)
}

/// Letters have the bytes that were sent, whether they can be read or not.
#[dlt_handler(of = store)]
async fn give_up(payload: &[u8], why: Failure, State(ended): State<Ended>) {
    let shown = String::from_utf8_lossy(payload);
    let letter = format!("dead letter: {shown} ({})", why.error);
    ended.0.send_modify(|(_, letters)| letters.push(letter));
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("readings", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let ended = Ended::default();
    let mut progress = ended.0.subscribe();
    let app = KafkaApp::builder().config_from(settings);
    let app = app.state(ended).build()?;

    let readings = [
        r#"{"sensor":1,"celsius":20.5}"#,
        r#"{"sensor":2,"celsius":"warm"}"#,
        r#"{"sensor":3,"celsius":19.0}"#,
        r#"{"sensor":4,"celsius":-300.0}"#,
        r#"{"sensor":5,"celsius":21.0}"#,
    ];
    for reading in readings {
        app.template().send("readings", reading).await?;
    }

    let app = app.start().await?;
    let all = |(stored, letters): &(usize, Vec<String>)| stored + letters.len() == readings.len();
    let (stored, mut letters) = progress.wait_for(all).await?.clone();
    letters.sort();
    letters.iter().for_each(|letter| println!("{letter}"));
    println!("{stored} stored, {} dead-lettered", letters.len());
    app.stop().await;
    broker.stop().await;
    Ok(())
}
