//! A side of micro-kafka-bench on RustStream, for comparison only: takes a side's arguments, handles
//! the records and prints what they cost as one line of JSON.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use rustix::time::{ClockId, clock_gettime};
use ruststream_rdkafka::context::keys::Offset;
use ruststream_rdkafka::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

#[derive(Debug, Parser)]
struct Task {
    #[arg(long)]
    who: String,
    #[arg(long)]
    work: String,
    #[arg(long)]
    bootstrap: String,
    #[arg(long)]
    topic: String,
    #[arg(long)]
    group: String,
    #[arg(long)]
    records: u64,
    #[arg(long = "property")]
    properties: Vec<String>,
}

/// As the bench reads it.
#[derive(Debug, Serialize)]
struct Sample {
    wall: u64,
    cpu: u64,
    memory: u64,
}

#[derive(Debug, Deserialize)]
struct Order {
    id: u64,
    #[allow(dead_code, reason = "decoded as on the other sides")]
    key: String,
    #[allow(dead_code, reason = "decoded as on the other sides")]
    amount: f64,
    #[allow(dead_code, reason = "decoded as on the other sides")]
    text: String,
}

struct Meter {
    records: u64,
    count: AtomicU64,
    first: OnceLock<Instant>,
    done: UnboundedSender<Sample>,
}

static TASK: OnceLock<Task> = OnceLock::new();
static METER: OnceLock<Meter> = OnceLock::new();

fn handled(orders: u64) {
    let Some(meter) = METER.get() else { return };
    let first = meter.first.get_or_init(Instant::now);
    if meter.count.fetch_add(orders, Ordering::Relaxed) + orders == meter.records {
        // Nobody waits any more only when the run was given up.
        let _ = meter.done.send(sample(first.elapsed()));
    }
}

fn sample(wall: Duration) -> Sample {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    Sample {
        wall: u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX),
        cpu: (cpu.tv_sec * 1_000_000_000 + cpu.tv_nsec).unsigned_abs(),
        memory: kib.unwrap_or_default(),
    }
}

/// 0 to 5 ms, evenly, the same as on the other sides.
fn slowness(offset: i64) -> Duration {
    let mixed = offset.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Duration::from_micros((mixed >> 32) % 5_001)
}

fn topic() -> &'static str {
    TASK.get().map_or("", |task| &task.topic)
}

#[subscriber(KafkaTopic::new(topic()).start(StartOffset::Earliest).commit(Commit::Tracked))]
async fn one(order: &Order) -> HandlerOutcome {
    black_box(order.id > 0);
    handled(1);
    HandlerOutcome::ack()
}

#[subscriber(KafkaTopic::new(topic()).start(StartOffset::Earliest).commit(Commit::Tracked))]
async fn other(order: &Order) -> HandlerOutcome {
    black_box(order.id > 0);
    handled(1);
    HandlerOutcome::ack()
}

#[subscriber(KafkaTopic::new(topic()).start(StartOffset::Earliest).commit(Commit::Tracked))]
async fn one_batch(orders: &[Order]) -> HandlerOutcome {
    black_box(orders);
    handled(orders.len() as u64);
    HandlerOutcome::ack()
}

#[subscriber(KafkaTopic::new(topic()).start(StartOffset::Earliest).commit(Commit::Tracked))]
async fn other_batch(orders: &[Order]) -> HandlerOutcome {
    black_box(orders);
    handled(orders.len() as u64);
    HandlerOutcome::ack()
}

#[subscriber(KafkaTopic::new(topic()).start(StartOffset::Earliest).commit(Commit::Tracked).lane_key(LaneKey::RecordKey), workers(100, by_key))]
async fn keyed(order: &Order, Ctx(offset): Ctx<Offset>) -> HandlerOutcome {
    black_box(order.id > 0);
    tokio::time::sleep(slowness(offset)).await;
    handled(1);
    HandlerOutcome::ack()
}

fn app(task: &'static Task) -> impl Fn() -> RustStream {
    move || {
        let mut broker = KafkaBroker::new([task.bootstrap.as_str()])
            .default_group(task.group.as_str())
            .config("fetch.queue.backoff.ms", "10")
            .config("reconnect.backoff.ms", "20")
            .config("reconnect.backoff.max.ms", "10000");
        for (key, value) in task.properties.iter().filter_map(|it| it.split_once('=')) {
            broker = broker.config(key, value);
        }
        let app = RustStream::new(AppInfo::new("side", "0.1.0"));
        app.with_broker(broker, |b| match (task.work.as_str(), task.who.as_str()) {
            ("handle-keyed", _) => {
                b.include(keyed);
            }
            (_, "rust-stream-batch") => {
                b.include(one_batch.batch(nonzero!(500)));
                b.include(other_batch.batch(nonzero!(500)));
            }
            _ => {
                b.include(one);
                b.include(other);
            }
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let task = TASK.get_or_init(Task::parse);
    let (done, mut sample) = unbounded_channel();
    METER.get_or_init(|| Meter {
        records: task.records,
        count: AtomicU64::new(0),
        first: OnceLock::new(),
        done,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let running = app(task)().start().await?;
        let waited = tokio::time::timeout(Duration::from_secs(300), sample.recv()).await?;
        let sample = waited.ok_or("no sample")?;
        println!("{}", serde_json::to_string(&sample)?);
        running.shutdown().await?;
        Ok(())
    })
}
