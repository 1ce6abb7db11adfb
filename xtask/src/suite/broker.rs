use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::source;
use crate::ci::{CiError, Run};
use crate::kafka::{Kafka, KafkaError, answers, can_listen};
use crate::process::wait_until;
use crate::workspace;

/// Below the ports that systems give to clients, beside those of Apache Kafka.
const PORTS: std::ops::Range<u16> = 19_720..19_800;
const START: Duration = Duration::from_secs(30);

/// What a suite asks of a broker's settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    pub(super) auto_create: bool,
    pub(super) default_partitions: u16,
    /// The port of `localhost` that its tests have written into them.
    pub(super) port: Option<u16>,
}

/// A broker that is there for one round of a suite.
pub(super) enum Broker {
    Embedded(Embedded),
    Apache(Kafka, String),
}

impl Broker {
    pub(super) fn bootstrap(&self) -> String {
        match self {
            Self::Embedded(embedded) => embedded.address.clone(),
            Self::Apache(_, address) => address.clone(),
        }
    }

    pub(super) fn stop(self) -> Result<(), CiError> {
        match self {
            Self::Embedded(embedded) => embedded.stop(),
            Self::Apache(kafka, _) => Ok(kafka.stop().map(drop)?),
        }
    }
}

/// Settings that the suites want of either broker.
const SETTINGS: [(&str, &str); 4] = [
    // Tests of two consumers that subscribe at once take it that neither is alone in the group.
    ("group.initial.rebalance.delay.ms", "100"),
    ("group.min.session.timeout.ms", "1000"),
    (
        "authorizer.class.name",
        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    ),
    ("super.users", "User:ANONYMOUS"),
];

impl Needs {
    fn port(self) -> Result<u16, CiError> {
        let mut free = PORTS.filter(|&port| can_listen(port));
        let port = self.port.or_else(|| free.next());
        Ok(port.ok_or(KafkaError::PortTaken { port: PORTS.start })?)
    }

    /// The address that clients are told.
    fn address(self, port: u16) -> String {
        let host = self.port.map_or("127.0.0.1", |_| "localhost");
        format!("{host}:{port}")
    }
}

/// Starts Apache Kafka with the broker id that the suites expect.
pub(super) fn apache(needs: Needs) -> Result<Broker, CiError> {
    let port = needs.port()?;
    let kafka = Kafka::new(port).dir(source::place("apache"));
    kafka.stop()?;
    kafka.wipe()?;
    let address = needs.address(port);
    let controller = port.saturating_add(100);
    let own = [
        ("node.id", "0".to_owned()),
        (
            "controller.quorum.voters",
            format!("0@127.0.0.1:{controller}"),
        ),
        ("advertised.listeners", format!("PLAINTEXT://{address}")),
        ("auto.create.topics.enable", needs.auto_create.to_string()),
        ("num.partitions", needs.default_partitions.to_string()),
    ];
    let shared = SETTINGS.map(|(key, value)| (key, value.to_owned()));
    let kafka = own
        .into_iter()
        .chain(shared)
        .fold(kafka, |kafka, (key, value)| kafka.property(key, value));
    kafka.start()?;
    Ok(Broker::Apache(kafka, address))
}

/// The program `micro-kafka-broker`, with its data in a folder or in memory.
#[derive(Debug, Clone)]
struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    port: u16,
}

/// A running `micro-kafka-broker`, which may be killed and started again at intervals.
pub(super) struct Embedded {
    address: String,
    end: Sender<()>,
    keeper: JoinHandle<Result<(), CiError>>,
}

/// Starts the release build of the broker; with `restart` it is killed and started again that often.
pub(super) fn embedded(
    needs: Needs,
    data_dir: bool,
    restart: Option<Duration>,
) -> Result<Broker, CiError> {
    Run::cargo("build --release --locked --package micro-kafka-broker").check()?;
    let program = Program::new(needs, data_dir)?;
    let address = needs.address(program.port);
    let (end, ended) = mpsc::channel();
    let child = program.start()?;
    let keeper = thread::spawn(move || keep(&program, child, &ended, restart));
    Ok(Broker::Embedded(Embedded {
        address,
        end,
        keeper,
    }))
}

impl Embedded {
    fn stop(self) -> Result<(), CiError> {
        drop(self.end);
        self.keeper.join().unwrap_or(Ok(()))
    }
}

/// Kills and restarts the broker until the other side of `ended` is gone.
fn keep(
    program: &Program,
    mut child: Child,
    ended: &mpsc::Receiver<()>,
    restart: Option<Duration>,
) -> Result<(), CiError> {
    let pause = restart.unwrap_or(Duration::MAX);
    while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        program.kill(&mut child)?;
        child = program.start()?;
    }
    program.kill(&mut child)
}

impl Program {
    fn new(needs: Needs, data_dir: bool) -> Result<Self, CiError> {
        let port = needs.port()?;
        let mut arguments: Vec<String> = [
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--advertised",
            &needs.address(port),
            "--default-partitions",
            &needs.default_partitions.to_string(),
        ]
        .map(str::to_owned)
        .into();
        for (key, value) in SETTINGS {
            arguments.extend(["--config".to_owned(), format!("{key}={value}")]);
        }
        if needs.auto_create {
            arguments.push("--auto-create".to_owned());
        }
        if data_dir {
            let dir = source::place("data");
            if dir.exists() {
                fs::remove_dir_all(&dir).map_err(KafkaError::io(&dir))?;
            }
            arguments.extend(["--data-dir".to_owned(), dir.display().to_string()]);
        }
        Ok(Self {
            path: workspace::target().join("release/micro-kafka-broker"),
            arguments,
            port,
        })
    }

    /// Returns once the broker answers.
    fn start(&self) -> Result<Child, CiError> {
        let io = || KafkaError::io(&self.path);
        let mut child = Command::new(&self.path)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(io())?;
        if wait_until(START, || answers(self.port)) {
            return Ok(child);
        }
        self.kill(&mut child)?;
        Err(KafkaError::NotReady {
            port: self.port,
            log: String::new(),
        }
        .into())
    }

    fn kill(&self, child: &mut Child) -> Result<(), CiError> {
        let killed = child.kill().and_then(|()| child.wait());
        Ok(killed.map(drop).map_err(KafkaError::io(&self.path))?)
    }
}
