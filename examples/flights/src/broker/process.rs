//! The embedded broker in a process of its own, so that the service can be killed and started again.
//!
//! The process holds a lock on a file in which its address and process id stand: whoever starts
//! next finds it. It ends by itself a while after its last client has gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use micro_kafka_broker::Broker;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::BrokerError;

/// How long the process waits for clients: its records are gone with it.
const LINGER: Duration = Duration::from_secs(60);

/// The process, as the service knows it.
#[derive(Debug)]
pub(crate) struct BrokerProcess {
    pub(super) address: String,
    /// Whether it was started just now.
    pub(super) is_new: bool,
}

/// What the process says before its address.
const NEW: &str = "new";
const FOUND: &str = "found";

impl BrokerProcess {
    /// Finds the process that lives, or starts it.
    pub(super) async fn find_or_start(file: Option<&Path>) -> Result<Self, BrokerError> {
        let program = std::env::current_exe().map_err(BrokerError::Program)?;
        let file = file.map_or_else(|| program.with_extension("broker"), Path::to_owned);
        let child = Command::new(program)
            .arg("broker")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let answer = match child {
            Ok(child) => answer(child).await,
            Err(error) => Err(error),
        };
        let answer = answer.map_err(|error| BrokerError::Process(error.to_string()))?;
        match answer.trim().split_once(' ') {
            Some((state @ (NEW | FOUND), address)) => Ok(Self {
                address: address.to_owned(),
                is_new: state == NEW,
            }),
            _ => Err(BrokerError::Process(answer.trim().to_owned())),
        }
    }
}

/// The line that the process writes when its broker can be used, or else all of its complaint.
async fn answer(mut child: Child) -> io::Result<String> {
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut text).await?;
    }
    if let (true, Some(stderr)) = (text.is_empty(), &mut child.stderr) {
        stderr.read_to_string(&mut text).await?;
    }
    Ok(text)
}

/// What the process does: it prints the address of its broker, or of the one that lives already.
pub(crate) async fn run(file: &Path) -> Result<(), BrokerError> {
    let unusable = |error| BrokerError::File(file.to_owned(), error);
    // A Ctrl-C is meant for the service. It fails only if this is a session of its own already.
    let _ = rustix::process::setsid();
    let mut start = file.as_os_str().to_owned();
    start.push(".lock");
    let start = open(start.as_ref()).map_err(unusable)?;
    // One at a time comes or goes, so that whoever finds an address can use it.
    start.lock().map_err(unusable)?;
    let mut entry = Entry(open(file).map_err(unusable)?);
    match entry.0.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return print(FOUND, &entry.visit().map_err(unusable)?),
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    let broker = Broker::builder().start().await?;
    entry.write(&broker.bootstrap_servers()).map_err(unusable)?;
    print(NEW, &broker.bootstrap_servers())?;
    loop {
        start.unlock().map_err(unusable)?;
        broker.idle_for(LINGER).await;
        start.lock().map_err(unusable)?;
        if entry.last_visit().map_err(unusable)? >= LINGER {
            break;
        }
    }
    std::fs::remove_file(file).map_err(unusable)?;
    broker.stop().await;
    Ok(())
}

fn open(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true);
    options.truncate(false).open(file)
}

fn print(state: &str, address: &str) -> Result<(), BrokerError> {
    writeln!(io::stdout(), "{state} {address}")
        .map_err(|error| BrokerError::Process(error.to_string()))
}

/// The file in which the address stands; its time of change is that of the last visit.
struct Entry(File);

impl Entry {
    fn write(&mut self, address: &str) -> io::Result<()> {
        self.0.set_len(0)?;
        writeln!(self.0, "{address} {}", std::process::id())
    }

    /// The address, for a client that will come at once: the process stays for it.
    fn visit(&mut self) -> io::Result<String> {
        let mut text = String::new();
        self.0.read_to_string(&mut text)?;
        self.0.set_modified(SystemTime::now())?;
        Ok(text.split(' ').next().unwrap_or_default().to_owned())
    }

    /// How long ago a client was told the address.
    fn last_visit(&self) -> io::Result<Duration> {
        let visit = self.0.metadata()?.modified()?;
        Ok(visit.elapsed().unwrap_or_default())
    }
}
