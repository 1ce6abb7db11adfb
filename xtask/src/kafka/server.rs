use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use super::jars::{self, Jars};
use super::{KafkaError, answers};
use crate::process::{Process, wait_until};
use crate::workspace;

/// Any 16 bytes in unpadded base64: these say `micro-kafka-test`.
const CLUSTER_ID: &str = "bWljcm8ta2Fma2EtdGVzdA";
const START: Duration = Duration::from_secs(90);
/// The controller's port is so much above the broker's.
const CONTROLLER: u16 = 100;
/// Below the ports that systems give to clients.
const FREE_PORTS: std::ops::Range<u16> = 19_500..19_600;
const STOP: Duration = Duration::from_secs(30);

/// One server: broker and controller in one process, in a folder of its own.
///
/// The broker listens on the port of 127.0.0.1, the controller a hundred above. A folder that was
/// used before is started again with its records.
#[derive(Debug, Clone)]
pub struct Kafka {
    port: u16,
    dir: PathBuf,
    heap: String,
    properties: Vec<(String, String)>,
    /// As `StorageTool` takes them.
    scram_users: Vec<String>,
}

impl Kafka {
    /// A server on `port`, in `target/kafka/PORT`, with a heap of 1 GiB or what `KAFKA_HEAP_OPTS` says.
    #[must_use]
    pub fn new(port: u16) -> Self {
        Self {
            port,
            dir: PathBuf::new(),
            heap: std::env::var("KAFKA_HEAP_OPTS").unwrap_or_else(|_| "-Xmx1g".to_owned()),
            properties: Vec::new(),
            scram_users: Vec::new(),
        }
        .dir(workspace::target().join("kafka").join(port.to_string()))
    }

    /// A server in `target/kafka/NAME`, on a port that is free now, with an empty folder.
    ///
    /// A server that an interrupted run of the same name has left behind is stopped.
    ///
    /// # Errors
    /// When the one left behind cannot be stopped or its folder not be removed.
    pub fn fresh(name: &str) -> Result<Self, KafkaError> {
        let port = FREE_PORTS
            .into_iter()
            .find(|&port| can_listen(port) && can_listen(port + CONTROLLER));
        let port = port.ok_or(KafkaError::PortTaken {
            port: FREE_PORTS.start,
        })?;
        let kafka = Self::new(port).dir(workspace::target().join("kafka").join(name));
        kafka.stop()?;
        kafka.wipe()?;
        Ok(kafka)
    }

    /// Keeps data, log and process id in `dir`.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        self.dir = std::path::absolute(&dir).unwrap_or(dir);
        self
    }

    /// Lays a server property over the defaults.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.push((key.into(), value.into()));
        self
    }

    /// Adds a user to a new server, as in `scram_user("SCRAM-SHA-512", "alice", "secret")`.
    #[must_use]
    pub fn scram_user(mut self, mechanism: &str, name: &str, password: &str) -> Self {
        let user = format!("{mechanism}=[name={name},password={password}]");
        self.scram_users.push(user);
        self
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The address clients connect to.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The running server, if it runs.
    #[must_use]
    pub fn process(&self) -> Option<Process> {
        Process::from_pid_file(&self.dir.join("pid"), self.config().to_string_lossy())
    }

    /// Starts the server and returns its address once it answers.
    ///
    /// # Errors
    /// When Java or Maven are missing, the port is taken, or the server ends or stays silent for 90 s.
    pub fn start(&self) -> Result<String, KafkaError> {
        if let Some(process) = self.process() {
            return Err(KafkaError::AlreadyRunning {
                dir: self.dir.clone(),
                id: process.id(),
                port: self.port,
            });
        }
        let controller = self.controller()?;
        if let Some(port) = [self.port, controller]
            .into_iter()
            .find(|&port| !can_listen(port))
        {
            return Err(KafkaError::PortTaken { port });
        }
        let jars = Jars::resolve()?;
        self.format(&jars)?;
        let process = self.spawn(&jars)?;
        let ready = || answers(self.port) && self.log().contains("Kafka Server started");
        let settled = wait_until(START, || !process.is_alive() || ready());
        if settled && process.is_alive() {
            return Ok(self.bootstrap());
        }
        self.stop()?;
        Err(KafkaError::NotReady {
            port: self.port,
            log: self.log(),
        })
    }

    /// Stops the server, if it runs; says whether it did.
    ///
    /// # Errors
    /// When the process may not be signalled.
    pub fn stop(&self) -> Result<bool, KafkaError> {
        let Some(process) = self.process() else {
            return Ok(false);
        };
        process.stop(STOP).map_err(KafkaError::io(&self.dir))?;
        let pid = self.dir.join("pid");
        fs::remove_file(&pid).map_err(KafkaError::io(&pid))?;
        Ok(true)
    }

    /// Removes the server's folder, records and all.
    ///
    /// # Errors
    /// When the server runs, or the folder cannot be removed.
    pub fn wipe(&self) -> Result<(), KafkaError> {
        if let Some(process) = self.process() {
            return Err(KafkaError::AlreadyRunning {
                dir: self.dir.clone(),
                id: process.id(),
                port: self.port,
            });
        }
        if self.dir.exists() {
            fs::remove_dir_all(&self.dir).map_err(KafkaError::io(&self.dir))?;
        }
        Ok(())
    }

    pub(super) fn controller(&self) -> Result<u16, KafkaError> {
        let port = self.port;
        port.checked_add(CONTROLLER)
            .ok_or(KafkaError::PortTooHigh { port })
    }

    fn config(&self) -> PathBuf {
        self.dir.join("server.properties")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    /// Writes the configuration, and gives an empty folder its cluster id.
    fn format(&self, jars: &Jars) -> Result<(), KafkaError> {
        fs::create_dir_all(&self.dir).map_err(KafkaError::io(&self.dir))?;
        let config = self.config();
        fs::write(&config, self.server_properties()?).map_err(KafkaError::io(&config))?;
        if self.dir.join("data/meta.properties").exists() {
            return Ok(());
        }
        let mut format = jars.java("kafka.tools.StorageTool", "-Xmx256m", "WARN");
        format.args(["format", "-t", CLUSTER_ID, "-c"]).arg(&config);
        for user in &self.scram_users {
            format.args(["--add-scram", user]);
        }
        jars::run("formatting Apache Kafka's folder", &mut format).map(drop)
    }

    fn spawn(&self, jars: &Jars) -> Result<Process, KafkaError> {
        let path = self.dir.join("log");
        let log = File::create(&path).map_err(KafkaError::io(&path))?;
        let errors = log.try_clone().map_err(KafkaError::io(&path))?;
        let mut java = jars.java("kafka.Kafka", &self.heap, "INFO");
        // A process group of its own: Ctrl-C in the terminal is not meant for the server.
        java.arg(self.config())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0);
        let child = java.spawn().map_err(jars::missing(&java))?;
        let pid = self.dir.join("pid");
        fs::write(&pid, child.id().to_string()).map_err(KafkaError::io(&pid))?;
        Ok(Process::new(child.id(), ""))
    }

    fn server_properties(&self) -> Result<String, KafkaError> {
        let broker = self.port;
        let controller = self.controller()?;
        let mut text = format!(
            "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
log.dirs={data}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
",
            data = self.dir.join("data").display(),
        );
        for (key, value) in &self.properties {
            text.push_str(&format!("{key}={value}\n"));
        }
        Ok(text)
    }
}

/// Whether a port of 127.0.0.1 is free.
pub(crate) fn can_listen(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_properties_come_last_and_so_win() {
        let text = Kafka::new(19_000)
            .property("group.initial.rebalance.delay.ms", "50")
            .server_properties()
            .unwrap();
        assert!(
            text.contains("controller.quorum.voters=1@127.0.0.1:19100"),
            "{text}"
        );
        assert_eq!(
            text.lines().next_back(),
            Some("group.initial.rebalance.delay.ms=50")
        );
    }

    #[test]
    fn a_port_without_room_for_the_controller_is_refused() {
        let error = Kafka::new(65_500).server_properties().unwrap_err();
        assert_eq!(
            error.to_string(),
            "port 65500 is too high: the controller listens a hundred above it"
        );
    }

    #[test]
    fn a_taken_port_is_refused_before_anything_is_written() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let dir = std::env::temp_dir().join(format!("xtask-taken-{port}"));
        let error = Kafka::new(port).dir(&dir).start().unwrap_err();
        assert!(matches!(error, KafkaError::PortTaken { .. }), "{error}");
        assert!(!dir.exists());
    }
}
