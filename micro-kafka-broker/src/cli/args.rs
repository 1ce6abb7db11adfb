//! The flags.

use std::path::PathBuf;

use clap::Parser;
use clap::builder::ValueParser;
use micro_kafka_broker::Release;

/// A Kafka broker for development and tests, in memory unless it is given a directory.
///
/// When it is ready it prints its bootstrap address on stdout; its log goes to stderr.
/// --help shows a manual.
#[derive(Debug, Parser)]
#[command(name = "micro-kafka-broker", version, max_term_width = 100)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes any free one. May be repeated [default: 127.0.0.1:9092].
    ///
    /// Clients are told the address of the listener that they use.
    #[arg(long, value_name = "HOST:PORT", help_heading = ADDRESSES)]
    pub(crate) listen: Vec<String>,

    /// Address that clients are told to connect to, if another than the one listened on.
    ///
    /// May be repeated: the nth belongs to the nth --listen.
    #[arg(long, value_name = "HOST[:PORT]", help_heading = ADDRESSES)]
    pub(crate) advertised: Vec<String>,

    /// Id of this broker [default: 0].
    #[arg(long, value_name = "ID", value_parser = number(0), help_heading = ADDRESSES)]
    pub(crate) broker_id: Option<i32>,

    /// Brokers to play, each with an id and ports of its own [default: 1].
    ///
    /// Ids go on from --broker-id, and ports from those of --listen and --advertised. The brokers
    /// share one state; topics have three replicas, or as many as there are brokers.
    #[arg(long, value_name = "N", value_parser = count(), help_heading = ADDRESSES)]
    pub(crate) brokers: Option<u32>,

    /// Serve health, metrics and control as HTTP and JSON on this loopback address.
    ///
    /// Port 0 takes any free one; the address is printed as the second line on stdout. See HTTP
    /// PORT below.
    #[arg(long, value_name = "HOST:PORT", help_heading = HTTP)]
    pub(crate) http: Option<String>,

    /// Keep the last N requests for GET /requests [default: 0].
    ///
    /// To look at requests takes some microseconds each; metrics do not need it.
    #[arg(long, value_name = "N", help_heading = HTTP)]
    pub(crate) journal: Option<usize>,

    /// Topic to create at start, with its number of partitions. May be repeated.
    ///
    /// Without a number it has as many as --default-partitions says. A topic that a data directory
    /// has already stays as it is.
    #[arg(long, value_name = "NAME[:PARTITIONS]", value_parser = topic, help_heading = TOPICS)]
    pub(crate) topic: Vec<Topic>,

    /// Create a topic when a client asks for one that does not exist.
    #[arg(long, help_heading = TOPICS)]
    pub(crate) auto_create: bool,

    /// Partitions of topics that are created without a number [default: 1].
    #[arg(long, value_name = "N", value_parser = number(1), help_heading = TOPICS)]
    pub(crate) default_partitions: Option<i32>,

    /// Release of Apache Kafka to pass for, as 2.4; from 0.11 to the newest, 4.3.
    ///
    /// Clients are told that release's APIs in its versions, newer requests are refused as it did,
    /// and features that came later are off.
    #[arg(long, value_name = "RELEASE", help_heading = CONFIGURATION)]
    pub(crate) compat: Option<Release>,

    /// Directory to keep everything in, in Apache Kafka's formats.
    ///
    /// Without it, all is kept in memory and gone when the broker stops. The directory is created
    /// if there is none.
    #[arg(long, value_name = "DIR", help_heading = STORAGE)]
    pub(crate) data_dir: Option<PathBuf>,

    /// When records are flushed to the disk.
    ///
    /// When the system likes to, every second, or before every acknowledgement. It takes a
    /// directory to have an effect.
    #[arg(long, value_enum, value_name = "WHEN", help_heading = STORAGE)]
    pub(crate) flush: Option<Flush>,

    /// File with broker configurations by their Kafka names: TOML, or Java's .properties.
    ///
    /// Whatever else is given on the command line wins over it. For the sake of habit NAME=VALUE
    /// is taken here too, and is the same as --set NAME=VALUE.
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    pub(crate) config: Vec<PathBuf>,

    /// Any broker configuration by its Kafka name, as in log.retention.ms=1000. May be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting, help_heading = CONFIGURATION)]
    pub(crate) set: Vec<(String, String)>,
}

const HTTP: &str = "HTTP port";
const ADDRESSES: &str = "Addresses";
const TOPICS: &str = "Topics";
const STORAGE: &str = "Storage";
const CONFIGURATION: &str = "Configuration";

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Flush {
    /// When the system likes to; survives the end of the process, not that of the machine.
    Never,
    /// Every second.
    Interval,
    /// Before every acknowledgement.
    Every,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) partitions: Option<i32>,
}

fn number(least: i64) -> ValueParser {
    clap::value_parser!(i32).range(least..).into()
}

fn count() -> ValueParser {
    clap::value_parser!(u32).range(1..).into()
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

pub(crate) fn setting(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE".to_owned())
}
