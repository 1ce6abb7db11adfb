//! A service with records that kill its process, in listeners that quarantine: one for each way of
//! running. A record's key says what it does, its payload which one it is.

use std::hint::black_box;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use micro_kafka::KafkaApp;
use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka_proof::history::{History, RecordId, What};
use tokio::time::sleep;

/// A service with records that kill its process
#[derive(Debug, Parser)]
struct Args {
    /// Where the Kafka is
    #[arg(long)]
    bootstrap_servers: String,
    /// The file for what it does with each record; it must not exist
    #[arg(long)]
    history: PathBuf,
}

/// So many are at work before one kills the process, if so many come.
const AT_WORK: usize = 1_000;

static WORKING: AtomicUsize = AtomicUsize::new(0);

#[kafka_listener(
    topics = "crowd",
    group_id = "crowd",
    order = "none",
    parallelism = 2_000,
    concurrency = 2,
    quarantine
)]
async fn crowd(
    Key(key): Key<&str>,
    Json(number): Json<u64>,
    State(history): State<History>,
) -> io::Result<()> {
    WORKING.fetch_add(1, Ordering::Relaxed);
    let done = work("crowd", key, number, &history).await;
    WORKING.fetch_sub(1, Ordering::Relaxed);
    done
}

#[kafka_listener(
    topics = "herd",
    group_id = "herd",
    batch(max = 20),
    quarantine(after = 2)
)]
async fn herd(
    records: Batch<(Json<u64>, Key<String>)>,
    State(history): State<History>,
) -> io::Result<()> {
    for record in records.iter() {
        let (Json(number), Key(key)) = record.value();
        work("herd", key, *number, &history).await?;
    }
    Ok(())
}

#[kafka_listener(
    topics = "ledger",
    group_id = "ledger",
    transactional(max = 20),
    send_to = "ledger-entries",
    quarantine
)]
async fn ledger(
    Key(key): Key<&str>,
    Json(number): Json<u64>,
    State(history): State<History>,
) -> io::Result<Json<u64>> {
    work("ledger", key, number, &history).await?;
    Ok(Json(number))
}

async fn work(listener: &str, key: &str, number: u64, history: &History) -> io::Result<()> {
    let record = RecordId {
        listener: listener.to_owned(),
        key: key.to_owned(),
        number,
    };
    history.note(What::Began, &record)?;
    match key {
        "abort" => {
            for _ in 0..30 {
                if WORKING.load(Ordering::Relaxed) >= AT_WORK {
                    break;
                }
                sleep(Duration::from_millis(10)).await;
            }
            std::process::abort();
        }
        // As an allocation that fails: the process aborts, whatever the handler would do.
        "memory" => {
            black_box(Vec::<u8>::with_capacity(black_box(
                isize::MAX.unsigned_abs(),
            )));
        }
        "overflow" => {
            black_box(deeper(0));
        }
        key => {
            sleep(Duration::from_millis(5)).await;
            // Beside others it takes longer than those live whose process is killed.
            if key.starts_with("slow") && WORKING.load(Ordering::Relaxed) > 1 {
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
    history.note(What::Ended, &record)
}

/// Without an end: until the stack is used up.
#[allow(unconditional_recursion, reason = "that is the point")]
fn deeper(depth: u64) -> u64 {
    let page = black_box([depth; 512]);
    deeper(depth + 1) + page[0]
}

/// A new process has the partitions of the one before at once, since it is the same member.
const SETTINGS: &str = r#"
[kafka.consumer.properties]
"session.timeout.ms" = 6000
"heartbeat.interval.ms" = 500
"#;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the history cannot be written")]
    History(#[source] io::Error),
    #[error(transparent)]
    App(#[from] micro_kafka::Error),
}

async fn run(args: Args) -> Result<(), Error> {
    let history = History::create(&args.history).map_err(Error::History)?;
    micro_kafka::app::log_to_stderr("info");
    let settings = Config::builder()
        .toml_str("settings of the proof", SETTINGS)
        .env(std::env::vars())
        .set("kafka.bootstrap-servers", &args.bootstrap_servers);
    let app = KafkaApp::builder().config_from(settings).state(history);
    app.build()?.run().await?;
    Ok(())
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fragile service: {error:?}");
            ExitCode::FAILURE
        }
    }
}
