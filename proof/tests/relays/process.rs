//! One process after the other, each of which may be killed at any time.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// What is started again after each kill.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    /// Whether each process has a file for its effects.
    notes: bool,
    folder: PathBuf,
    child: Child,
    pub(crate) kills: usize,
}

impl Service {
    pub(crate) fn start(
        name: &'static str,
        program: PathBuf,
        arguments: Vec<String>,
        notes: bool,
        folder: PathBuf,
    ) -> Self {
        let child = spawn(name, &program, &arguments, notes, &folder, 0);
        Self {
            name,
            program,
            arguments,
            notes,
            folder,
            child,
            kills: 0,
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself: a writer that has written all.
        let _ = self.child.kill();
        self.child.wait().unwrap();
        self.kills += 1;
    }

    pub(crate) fn start_again(&mut self) {
        self.child = spawn(
            self.name,
            &self.program,
            &self.arguments,
            self.notes,
            &self.folder,
            self.kills,
        );
    }

    /// SIGTERM, which must do no harm.
    pub(crate) fn stop(mut self) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        // It may have ended by itself.
        let _ = kill_process(id, Signal::TERM);
        let exit = self.child.wait().unwrap();
        // It may have begun a moment ago, and not listen yet.
        let at_once = exit.signal() == Some(Signal::TERM.as_raw());
        assert!(exit.success() || at_once, "{}: {exit}", self.name);
    }

    /// How it has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// How often a consumer of its has lost partitions, as its processes have logged it.
    pub(crate) fn losses(&self) -> usize {
        let logs = (0..=self.kills).map(|number| log(&self.folder, self.name, number));
        let logs = logs.map(|log| std::fs::read_to_string(log).unwrap());
        logs.map(|log| log.matches("partitions lost").count()).sum()
    }

    /// The files of its processes, one after the other; all but the last were killed.
    pub(crate) fn effects(&self) -> Vec<PathBuf> {
        let all = 0..=self.kills;
        all.map(|number| effects(&self.folder, self.name, number))
            .collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn effects(folder: &Path, name: &str, number: usize) -> PathBuf {
    folder.join(format!("{name}-{number}.effects"))
}

fn log(folder: &Path, name: &str, number: usize) -> PathBuf {
    folder.join(format!("{name}-{number}.log"))
}

fn spawn(
    name: &str,
    program: &Path,
    arguments: &[String],
    notes: bool,
    folder: &Path,
    number: usize,
) -> Child {
    let log = File::create(log(folder, name, number)).unwrap();
    let mut command = Command::new(program);
    command.args(arguments);
    if notes {
        command.arg("--effects").arg(effects(folder, name, number));
    }
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command.spawn().unwrap()
}
