//! `cargo xtask`: the repository's chores.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use xtask::ci;
use xtask::kafka::{self, Jars, Kafka, KafkaError};
use xtask::proof;
use xtask::spring;
use xtask::suite;

/// The repository's chores
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Apache Kafka (KRaft, one process) from its published jars
    #[command(subcommand)]
    Kafka(KafkaChore),
    /// Another client's own tests against a broker
    Suite(suite::Options),
    /// A Spring service (`interop/spring/`) that talks with ours (`interop/src/`)
    Spring(spring::Options),
    /// The steps of continuous integration, or those that are named
    Ci {
        /// Steps to run; none: all
        #[arg(value_parser = ci::step_names())]
        steps: Vec<String>,
    },
    /// Tests at a size that takes long
    Proof {
        /// Proofs to run; none: all
        #[arg(value_parser = proof::names())]
        proofs: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
enum KafkaChore {
    /// Starts a server, waits until it answers and prints its address
    Start {
        #[command(flatten)]
        place: Place,
        /// Removes the records of earlier runs first
        #[arg(long)]
        fresh: bool,
        /// Adds listeners for TLS, mutual TLS and logins, with certificates in this folder
        #[arg(long, value_name = "DIR")]
        secured: Option<PathBuf>,
        /// Server properties over the defaults, as in `num.partitions=3`
        #[arg(value_name = "KEY=VALUE", value_parser = property)]
        properties: Vec<(String, String)>,
    },
    /// Stops the server; its records stay
    Stop(Place),
    /// Prints the server's process, memory and address; ends with 3 when it is stopped
    Status(Place),
    /// Runs a class of the distribution, as in `org.apache.kafka.tools.TopicCommand --list`
    Run {
        /// The class and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
    /// Prints the jars, for `java -cp`
    Classpath,
}

#[derive(Debug, Args)]
struct Place {
    /// The broker's port; its controller listens a hundred above
    #[arg(long, default_value_t = 9092)]
    port: u16,
    /// Where data, log and process id are kept [default: target/kafka/PORT]
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Place {
    fn kafka(self) -> Kafka {
        let kafka = Kafka::new(self.port);
        match self.dir {
            Some(dir) => kafka.dir(dir),
            None => kafka,
        }
    }
}

fn property(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("a property is written KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Kafka(chore) => kafka(chore),
        Chore::Suite(options) => suite::run(&options).map_err(Into::into),
        Chore::Spring(options) => spring::run(&options).map_err(Into::into),
        Chore::Ci { steps } => ci::run(&steps).map_err(Into::into),
        Chore::Proof { proofs } => proof::run(&proofs).map_err(Into::into),
    };
    done.unwrap_or_else(|error| {
        eprintln!("xtask: {error}");
        ExitCode::FAILURE
    })
}

#[expect(
    clippy::print_stdout,
    reason = "the printed address, status and class path are the result"
)]
fn kafka(chore: KafkaChore) -> Result<ExitCode, Box<dyn Error>> {
    match chore {
        KafkaChore::Start {
            place,
            fresh,
            secured,
            properties,
        } => {
            let mut kafka = place.kafka();
            if fresh {
                kafka.wipe()?;
            }
            if let Some(dir) = secured {
                kafka = kafka::secured(kafka, &std::path::absolute(dir)?)?;
            }
            let kafka = properties
                .into_iter()
                .fold(kafka, |kafka, (key, value)| kafka.property(key, value));
            println!("{}", kafka.start()?);
        }
        KafkaChore::Stop(place) => {
            let stopped = place.kafka().stop()?;
            println!(
                "{}",
                if stopped {
                    "stopped"
                } else {
                    "was not running"
                }
            );
        }
        KafkaChore::Status(place) => return Ok(status(&place.kafka())),
        KafkaChore::Run { command } => return run(&command).map_err(Into::into),
        KafkaChore::Classpath => println!("{}", Jars::resolve()?.classpath()),
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the printed status is the result")]
fn status(kafka: &Kafka) -> ExitCode {
    let Some(process) = kafka.process() else {
        println!("stopped");
        return ExitCode::from(3);
    };
    let memory = process.usage().map_or(0, |usage| usage.resident_kib / 1024);
    println!(
        "running at {}: process {}, {memory} MiB",
        kafka.bootstrap(),
        process.id()
    );
    ExitCode::SUCCESS
}

fn run(command: &[String]) -> Result<ExitCode, KafkaError> {
    let (class, arguments) = command
        .split_first()
        .map_or(("", &[][..]), |(class, rest)| (class.as_str(), rest));
    let status = Jars::resolve()?.run(class, arguments)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
