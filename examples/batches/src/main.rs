//! Clicks are written to a search index many at once; those that it refuses are tried again alone.
//!
//! Run with `cargo run -p batches`. It brings its own broker.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use tokio::sync::watch;

#[derive(Debug, Serialize, Deserialize)]
struct Click {
    page: String,
}

/// The error type says what becomes of the record.
#[derive(Debug, Clone, Copy, thiserror::Error, Classify)]
enum IndexError {
    #[error("the index is busy")]
    #[kafka(retry(attempts = 3, backoff = "50ms"))]
    Busy,
    #[error("there is no such page")]
    #[kafka(dead_letter)]
    NoPage,
}

/// A search index that takes many pages in one call.
#[derive(Debug, Clone)]
struct Index {
    /// How many clicks have come to their end.
    ended: watch::Sender<usize>,
}

impl Index {
    /// What became of each page.
    async fn write(&self, pages: &[(&str, u32)]) -> Vec<Result<(), IndexError>> {
        tokio::task::yield_now().await; // a network lies between
        let write = |(page, attempt): &(&str, u32)| match *page {
            "/popular" if *attempt == 1 => Err(IndexError::Busy),
            "/gone" => Err(IndexError::NoPage),
            _ => Ok(()),
        };
        pages.iter().map(write).collect()
    }
}

/// Called with at most four clicks of one partition; with fewer once the first has waited 100 ms.
#[kafka_listener(
    topics = "clicks",
    group_id = "search",
    batch(max = 4, linger = "100ms")
)]
async fn index(clicks: Batch<Json<Click>>, State(index): State<Index>) -> BatchResult<IndexError> {
    let pages: Vec<(&str, u32)> = clicks
        .iter()
        .map(|click| (&*click.value().0.page, click.attempt()))
        .collect();
    println!("a batch of {}", pages.len());
    let results = index.write(&pages).await;
    for ((page, attempt), result) in pages.iter().zip(&results) {
        match result {
            Ok(()) => println!("  {page}"),
            Err(error) => println!("  {page}, attempt {attempt}: {error}"),
        }
    }
    let written = results.iter().filter(|result| result.is_ok()).count();
    index.ended.send_modify(|ended| *ended += written);
    clicks.settle(results) // those that failed are tried again or dead-lettered, the others are done
}

#[kafka_listener(topics = "clicks-dlt", group_id = "complaints")]
async fn complain(Json(click): Json<Click>, why: Failure, State(index): State<Index>) {
    println!("dead letter: {} ({})", click.page, why.error);
    index.ended.send_modify(|ended| *ended += 1);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("clicks", 1).start().await?;
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let ended = watch::Sender::new(0);
    let mut progress = ended.subscribe();
    let app = KafkaApp::builder().config_from(settings);
    let app = app.state(Index { ended }).build()?;

    let pages = ["/", "/popular", "/about", "/news", "/", "/gone", "/help"];
    for page in pages {
        let page = page.to_owned();
        app.template().send("clicks", Json(&Click { page })).await?;
    }

    let app = app.start().await?;
    println!("{} clicks are there when the listener starts", pages.len());
    progress.wait_for(|ended| *ended == pages.len()).await?;
    app.stop().await;
    let stats = app.listener("index").map(|own| own.stats());
    if let Some(stats) = stats {
        let (handled, retried) = (stats.handled, stats.retried);
        println!(
            "{handled} handled, {retried} tried again, {} dead-lettered",
            stats.dead_lettered
        );
    }
    broker.stop().await;
    Ok(())
}
