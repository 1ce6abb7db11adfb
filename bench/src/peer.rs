//! Other frameworks, as programs that take a side's arguments and print a side's sample.

use std::path::PathBuf;
use std::process::Command;

use xtask::java::{self, Java};
use xtask::workspace;

use crate::error::BenchError;
use crate::side::Who;

/// The heap of a Java peer, as in the service that Spring's own figures were taken with.
const HEAP: &str = "-Xmx1g";

const PARALLEL_CONSUMER: Java = Java {
    name: "parallel-consumer",
    pom: "bench/peers/parallel-consumer/pom.xml",
    sources: "bench/peers/parallel-consumer",
};
/// The jars are those of the service that interoperability is tested with.
const SPRING: Java = Java {
    name: "bench-spring",
    pom: "interop/spring/pom.xml",
    sources: "bench/peers/spring",
};

/// The command that runs a side, but for its arguments.
pub(crate) fn program(who: Who) -> Result<Command, BenchError> {
    match who {
        Who::RustStream | Who::RustStreamBatch => Ok(Command::new(rust_stream())),
        Who::ParallelConsumer => java(PARALLEL_CONSUMER, "ParallelConsumerSide"),
        Who::Spring => java(SPRING, "SpringSide"),
        Who::Plain | Who::Framework | Who::Simple => {
            let this = std::env::current_exe().map_err(BenchError::Output)?;
            let mut command = Command::new(this);
            command.arg("side");
            Ok(command)
        }
    }
}

/// Builds a side, if it is not part of this program.
pub(crate) fn build(who: Who) -> Result<(), BenchError> {
    match who {
        Who::RustStream | Who::RustStreamBatch => build_rust_stream(),
        Who::ParallelConsumer => Ok(PARALLEL_CONSUMER.compile()?),
        Who::Spring => Ok(SPRING.compile()?),
        Who::Plain | Who::Framework | Who::Simple => Ok(()),
    }
}

fn java(peer: Java, class: &str) -> Result<Command, BenchError> {
    let mut command = Command::new(java::program("java"));
    command
        .args([HEAP, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"])
        .args(["-cp", &peer.classpath()?, class]);
    Ok(command)
}

/// A workspace of its own, since what it depends on is nothing of ours.
fn build_rust_stream() -> Result<(), BenchError> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked"])
        .arg("--target-dir")
        .arg(workspace::target())
        .current_dir(workspace::root().join("bench/peers/rust-stream"))
        .status()
        .map_err(BenchError::Output)?;
    if status.success() {
        return Ok(());
    }
    Err(BenchError::Peer {
        peer: "RustStream",
        command: "cargo build",
        status,
    })
}

fn rust_stream() -> PathBuf {
    workspace::target().join("release/rust-stream-side")
}
