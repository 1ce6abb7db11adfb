//! The broker as a program.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use micro_kafka_broker::{Broker, BrokerBuilder, FlushPolicy, StartError};
use tracing_subscriber::EnvFilter;

/// A Kafka broker for development and tests, in memory unless it is given a directory.
///
/// When it is ready it prints its bootstrap address on stdout, as the only line there; its log
/// goes to stderr (level by RUST_LOG; default: warn).
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Args {
    /// Address to listen on; port 0 takes any free one. May be repeated.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9092")]
    listen: Vec<String>,

    /// Address that clients are told to connect to, if another than the one listened on. May be
    /// repeated: the nth belongs to the nth --listen.
    #[arg(long, value_name = "HOST[:PORT]")]
    advertised: Vec<String>,

    /// Topic to create at start, with its number of partitions (default: --default-partitions).
    /// May be repeated.
    #[arg(long, value_name = "NAME[:PARTITIONS]", value_parser = topic)]
    topic: Vec<Topic>,

    /// Create a topic when a client asks for one that does not exist.
    #[arg(long)]
    auto_create: bool,

    /// Partitions of topics that are created without a number.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..))]
    default_partitions: i32,

    /// Id of this broker.
    #[arg(long, value_name = "ID", default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..))]
    broker_id: i32,

    /// Directory to keep everything in, in Apache Kafka's formats; without it, all is kept in memory
    /// and gone when the broker stops.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// When records are flushed to the disk: when the system likes to, every second, or before
    /// every acknowledgement.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Flush::Never, requires = "data_dir")]
    flush: Flush,

    /// Any broker configuration by its Kafka name, as in group.min.session.timeout.ms=1000. May be
    /// repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    config: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Flush {
    Never,
    Interval,
    Every,
}

impl From<Flush> for FlushPolicy {
    fn from(flush: Flush) -> Self {
        match flush {
            Flush::Never => Self::Never,
            Flush::Interval => Self::Interval,
            Flush::Every => Self::Every,
        }
    }
}

#[derive(Debug, Clone)]
struct Topic {
    name: String,
    partitions: Option<i32>,
}

fn topic(text: &str) -> Result<Topic, String> {
    let (name, partitions) = match text.split_once(':') {
        None => (text, None),
        Some((name, count)) => {
            let count = count.parse().ok().filter(|count| *count > 0);
            let count = count.ok_or("the number of partitions is no number above 0")?;
            (name, Some(count))
        }
    };
    Ok(Topic {
        name: name.to_owned(),
        partitions,
    })
}

fn setting(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE".to_owned())
}

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // A log line may be filtered away; this must be seen.
            let _ = writeln!(std::io::stderr(), "micro-kafka-broker: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Why the program ends with a failure, as it is shown.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{start}{}", cause(.start))]
    Start { start: StartError },
    #[error("--advertised is given {advertised} times, --listen only {listen} times")]
    TooManyAdvertised { advertised: usize, listen: usize },
    #[error("the bootstrap address cannot be printed: {0}")]
    Print(std::io::Error),
    #[error("cannot run: {0}")]
    Runtime(std::io::Error),
}

impl From<StartError> for Failure {
    fn from(start: StartError) -> Self {
        Self::Start { start }
    }
}

fn cause(error: &StartError) -> String {
    std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"))
}

fn run(args: Args) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let builder = builder(args)?;
    let served = runtime.block_on(async {
        // Before the start, so that an early signal is not lost.
        let signal = Signals::new().map_err(Failure::Runtime)?;
        let broker = builder.start().await?;
        announce(&broker).map_err(Failure::Print)?;
        signal.received().await;
        broker.stop().await;
        Ok(())
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

fn builder(args: Args) -> Result<BrokerBuilder, Failure> {
    if args.advertised.len() > args.listen.len() {
        return Err(Failure::TooManyAdvertised {
            advertised: args.advertised.len(),
            listen: args.listen.len(),
        });
    }
    let mut builder = Broker::builder()
        .broker_id(args.broker_id)
        .auto_create(args.auto_create)
        .default_partitions(args.default_partitions)
        .flush(args.flush.into());
    if let Some(path) = args.data_dir {
        builder = builder.data_dir(path);
    }
    let mut advertised = args.advertised.into_iter();
    for address in args.listen {
        builder = builder.listen(address);
        if let Some(address) = advertised.next() {
            builder = builder.advertise(address);
        }
    }
    for topic in args.topic {
        let partitions = topic.partitions.unwrap_or(args.default_partitions);
        builder = builder.topic(topic.name, partitions);
    }
    for (name, value) in args.config {
        builder = builder.config(name, value);
    }
    Ok(builder)
}

fn announce(broker: &Broker) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", broker.bootstrap_servers())?;
    out.flush()
}

/// Ctrl-C, and SIGTERM where there is one.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(unix)]
    async fn received(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn received(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
