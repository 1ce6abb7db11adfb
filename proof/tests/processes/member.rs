//! One process after the other, each with a history of its own.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use micro_kafka_proof::check::{Harm, Process};
use micro_kafka_proof::history;
use micro_kafka_proof::moment::Moment;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::schedule::Deed;

/// How long a process may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to start a process of the service.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// A word before the names of its files.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) bootstrap: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
}

/// A member of the groups: one process at a time.
#[derive(Debug)]
pub(crate) struct Member {
    start: Start,
    child: Child,
    harm: Vec<Harm>,
    ended: Vec<Vec<Harm>>,
}

impl Member {
    pub(crate) fn start(start: Start) -> Self {
        Self {
            child: start.spawn(0),
            start,
            harm: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Does all of this to it, one after the other.
    pub(crate) async fn suffer(&mut self, deeds: &[(Duration, Deed)]) {
        for (wait, deed) in deeds {
            // The schedule is the point: there is nothing to wait for.
            sleep(*wait).await;
            eprintln!("{} {deed:?}", self.start.name);
            match *deed {
                Deed::Kill { away } => {
                    self.harm.push(Harm::Killed(Moment::now()));
                    self.child.kill().await.unwrap();
                    self.start_again(away).await;
                }
                Deed::Terminate { away } => {
                    self.terminate().await;
                    self.start_again(away).await;
                }
                Deed::Pause(time) => {
                    self.stop_for(time).await;
                }
                Deed::Stop(time) => {
                    let from = Moment::now();
                    self.stop_for(time).await;
                    let until = Moment::now();
                    self.harm.push(Harm::Stopped { from, until });
                }
            }
        }
    }

    async fn stop_for(&self, time: Duration) {
        self.signal(Signal::STOP);
        sleep(time).await;
        self.signal(Signal::CONT);
    }

    async fn start_again(&mut self, away: Duration) {
        sleep(away).await;
        self.ended.push(std::mem::take(&mut self.harm));
        self.child = self.start.spawn(self.ended.len());
    }

    /// Asks it to end, which it does without a complaint.
    async fn terminate(&mut self) {
        self.signal(Signal::TERM);
        let exit = timeout(PATIENCE, self.child.wait()).await;
        let exit = exit.expect("a process ends when it is asked to").unwrap();
        let log = self.start.file(self.ended.len(), "log");
        // Asked before it could listen, on a busy machine, it ends as any program does.
        let unheard = exit.signal() == Some(Signal::TERM.as_raw()) && self.has_done_nothing();
        assert!(exit.success() || unheard, "{exit}: {}", log.display());
    }

    fn has_done_nothing(&self) -> bool {
        let history = self.start.file(self.ended.len(), "history");
        fs::metadata(history).map_or(true, |history| history.len() == 0)
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("it runs");
        let id = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Its process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Ends it, and tells what all its processes did and suffered.
    pub(crate) async fn end(mut self) -> Vec<Process> {
        self.terminate().await;
        self.ended.push(self.harm);
        let all = self.ended.into_iter().enumerate();
        let process = |(number, harm)| {
            // One that was killed at once has none.
            let text = fs::read_to_string(self.start.file(number, "history"));
            let notes = history::read(&text.unwrap_or_default()).unwrap();
            Process { notes, harm }
        };
        all.map(process).collect()
    }
}

impl Start {
    fn file(&self, number: usize, kind: &str) -> PathBuf {
        self.folder.join(format!("{}-{number}.{kind}", self.name))
    }

    fn spawn(&self, number: usize) -> Child {
        let log = File::create(self.file(number, "log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_proof-service"));
        command
            .args(["--bootstrap-servers", &self.bootstrap])
            .arg("--history")
            .arg(self.file(number, "history"))
            .args(&self.arguments)
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        command.spawn().unwrap()
    }
}
