//! The program in a process, its output read line by line; every wait has a deadline.

use std::fs;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(90);

/// The Kafka that all tests shall use, if one is named.
pub(crate) fn external() -> Option<String> {
    std::env::var(micro_kafka_test::EXTERNAL)
        .ok()
        .filter(|address| !address.is_empty())
}

/// A running program; killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Program {
    /// Starts it on the tests' Kafka; all starts of the same `test` share topics and groups.
    pub(crate) fn start(test: &str, arguments: &[&str]) -> Self {
        let mut command = Self::command(arguments);
        if let Some(address) = external() {
            command
                .args(["--bootstrap-servers", &address])
                .env("KAFKA__NAMESPACE", namespace(test));
        }
        Self::spawn(&mut command)
    }

    /// Starts it with these arguments and variables only.
    pub(crate) fn with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::spawn(Self::command(arguments).envs(variables.iter().copied()))
    }

    fn command(arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flights"));
        command.args(arguments).env_remove("RUST_LOG");
        command
    }

    fn spawn(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Waits until a line on stderr has this in it.
    pub(crate) async fn stderr_line(&mut self, part: &str) -> String {
        let (_, line) = lines_through(&mut self.stderr, |line| line.contains(part), part).await;
        line
    }

    /// All lines of stdout from here on to the one that ends like this.
    pub(crate) async fn stdout_through(&mut self, end: &str) -> String {
        lines_through(&mut self.stdout, |line| line.ends_with(end), end)
            .await
            .0
    }

    pub(crate) async fn rest_of_stdout(&mut self) -> String {
        rest(&mut self.stdout).await
    }

    pub(crate) async fn rest_of_stderr(&mut self) -> String {
        rest(&mut self.stderr).await
    }

    /// As `kill -9` does.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    }

    pub(crate) async fn exit(&mut self) -> ExitStatus {
        let exit = timeout(DEADLINE, self.child.wait()).await;
        exit.expect("the program ends").unwrap()
    }
}

/// The lines up to the one that was waited for, and that one.
async fn lines_through(
    output: &mut (impl AsyncBufRead + Unpin),
    wanted: impl Fn(&str) -> bool,
    shown: &str,
) -> (String, String) {
    let mut lines = String::new();
    loop {
        let mut line = String::new();
        let read = timeout(DEADLINE, output.read_line(&mut line)).await;
        let read = read.unwrap_or_else(|_| panic!("no `{shown}` within {DEADLINE:?}: {lines}"));
        assert!(read.unwrap() > 0, "ended without `{shown}`: {lines}");
        lines += &line;
        if wanted(line.trim_end()) {
            return (lines, line);
        }
    }
}

async fn rest(output: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    let read = timeout(DEADLINE, output.read_to_string(&mut text)).await;
    read.expect("the output ends").unwrap();
    text
}

/// Keeps this test's topics and groups apart from those of other tests and times.
fn namespace(test: &str) -> String {
    use std::sync::OnceLock;
    static STARTED: OnceLock<u128> = OnceLock::new();
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let started = STARTED.get_or_init(|| now().as_millis());
    format!("{test}-{started:x}")
}

/// Ends the broker's process that a service left behind, by the id beside its address.
pub(crate) fn stop_broker(file: &Path) {
    let text = fs::read_to_string(file).unwrap_or_default();
    let id = text
        .split_whitespace()
        .nth(1)
        .and_then(|id| id.parse().ok());
    if let Some(id) = id.and_then(Pid::from_raw) {
        let _ = kill_process(id, Signal::TERM);
    }
}
