//! The broker as a program: what it prints, how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, in its helper functions too"
)]

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../wire/client.rs"]
mod client;
mod config_file;
#[cfg(target_os = "linux")]
mod cost;
mod http;
mod loggers;
#[cfg(target_os = "linux")]
mod memory;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_micro-kafka-broker"));
    command
        .args(args)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts the program and reads the address that it prints.
fn start(args: &[&str]) -> (Child, String) {
    let mut child = program(args).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.as_mut().unwrap());
    stdout.read_line(&mut line).unwrap();
    (child, line.trim_end().to_owned())
}

/// The program; it is killed when the value is dropped.
struct Program(Child);

impl Program {
    /// On any free port.
    fn start(args: &[&str]) -> (Self, String) {
        let listen = "--listen=127.0.0.1:0";
        let all: Vec<_> = [listen].iter().chain(args).copied().collect();
        Self::start_bare(&all)
    }

    /// With these flags and no other.
    fn start_bare(args: &[&str]) -> (Self, String) {
        let (child, address) = start(args);
        (Self(child), address)
    }

    /// Resident memory in KiB.
    #[cfg(target_os = "linux")]
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn answers(address: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(&[0, 0, 0, 11, 0, 18, 0, 0, 0, 0, 0, 7, 0, 1, b'x'])
        .unwrap();
    stream.read_exact(&mut [0; 8]).unwrap();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[cfg(unix)]
#[test]
fn it_prints_its_address_serves_and_ends_cleanly_on_either_signal() {
    for signal in ["TERM", "INT"] {
        let (child, address) = start(&[
            "--listen=127.0.0.1:0",
            "--topic=orders:6",
            "--auto-create",
            "--default-partitions=4",
            "--broker-id=3",
        ]);
        answers(&address);
        let killed = Command::new("kill")
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        assert!(status.success(), "{signal}: {status}");
        assert_eq!(
            (text(&stdout), text(&stderr)),
            (String::new(), String::new())
        );
    }
}

#[cfg(unix)]
#[test]
fn the_advertised_address_is_the_one_printed() {
    let args = ["--listen=127.0.0.1:0", "--advertised=kafka.example:19092"];
    let (mut child, address) = start(&args);
    assert_eq!(address, "kafka.example:19092");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn mistakes_are_named_on_stderr_and_end_with_a_failure() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap();
    let taken_says = format!("port {} is taken on 127.0.0.1", taken.port());
    let taken = taken.to_string();
    for (args, says) in [
        (vec!["--listen", taken.as_str()], taken_says.as_str()),
        (vec!["--listen", "127.0.0.1"], "the port is missing"),
        (vec!["--topic", "orders:none"], "number of partitions"),
        (
            vec!["--listen=127.0.0.1:0", "--topic=a b:1"],
            "topic `a b` cannot be created",
        ),
        (
            vec!["--listen=127.0.0.1:0", "--config=num.partition=1"],
            "did you mean \"num.partitions\"?",
        ),
        (
            vec!["--listen=127.0.0.1:0", "--set=num.partitions"],
            "NAME=VALUE",
        ),
        (
            vec!["--listen=127.0.0.1:0", "--config=no-such-file"],
            "no-such-file",
        ),
        (
            vec!["--listen=127.0.0.1:0", "--advertised=a", "--advertised=b"],
            "--advertised is given 2 times",
        ),
        (vec!["--default-partitions=0"], "0"),
        (vec!["--lisen=127.0.0.1:0"], "--listen"),
    ] {
        let output = program(&args).output().unwrap();
        let stderr = text(&output.stderr);
        assert!(!output.status.success(), "{args:?}");
        assert!(stderr.contains(says), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}
