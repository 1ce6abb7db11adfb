use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why Apache Kafka could not be fetched, started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// A program that must be installed is not there.
    #[error("`{program}` was not found: {fix}")]
    MissingProgram {
        /// The program's name.
        program: String,
        /// What to install or set.
        fix: &'static str,
    },
    /// A program ended with a failure.
    #[error("{what} ended with {status}{}", tail(.output))]
    Failed {
        /// What was being done.
        what: &'static str,
        /// How the program ended.
        status: ExitStatus,
        /// The last lines it wrote.
        output: String,
    },
    /// Something else listens on the port.
    #[error(
        "port {port} is taken: stop what listens there, or choose another with --port (the controller's is a hundred above)"
    )]
    PortTaken {
        /// The port asked for.
        port: u16,
    },
    /// A server of the same folder is running already.
    #[error("already running in {} as process {id}: `cargo xtask kafka stop --port {port}`", .dir.display())]
    AlreadyRunning {
        /// The server's folder.
        dir: PathBuf,
        /// Its process.
        id: u32,
        /// The port it was asked to listen on.
        port: u16,
    },
    /// The server ended, or did not answer in time.
    #[error("the server did not answer on port {port}{}", tail(.log))]
    NotReady {
        /// The port that was asked.
        port: u16,
        /// The last lines of its log.
        log: String,
    },
    /// The port leaves no room for the controller's, a hundred above.
    #[error("port {port} is too high: the controller listens a hundred above it")]
    PortTooHigh {
        /// The port asked for.
        port: u16,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl KafkaError {
    /// Adds the path to what the system said.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.len().saturating_sub(20);
    lines[last..]
        .iter()
        .map(|line| format!("\n    {line}"))
        .collect()
}
