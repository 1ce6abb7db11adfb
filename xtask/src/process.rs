//! Foreign processes: whether they live, how they end, what they cost.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, io};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// A process known by its id and a word of its command line, so that a reused id is not taken for it.
#[derive(Debug, Clone)]
pub struct Process {
    id: u32,
    mark: String,
}

/// What the kernel counts for a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory in KiB.
    pub resident_kib: u64,
    /// User and system time since its start, to 10 ms.
    pub cpu: Duration,
}

impl Process {
    /// Names the process `id`, whose command line holds `mark`.
    pub fn new(id: u32, mark: impl Into<String>) -> Self {
        Self {
            id,
            mark: mark.into(),
        }
    }

    /// Reads the id from a pid file; `None` if there is no such file or no such process any more.
    pub fn from_pid_file(file: &Path, mark: impl Into<String>) -> Option<Self> {
        let id = fs::read_to_string(file).ok()?.trim().parse().ok()?;
        Some(Self::new(id, mark)).filter(Self::is_alive)
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether it runs; an ended child that nobody has waited for does not.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", self.id)) else {
            return false;
        };
        let zombie = fields_after_name(&stat).next() == Some("Z");
        let command = fs::read(format!("/proc/{}/cmdline", self.id)).unwrap_or_default();
        !zombie && String::from_utf8_lossy(&command).contains(&self.mark)
    }

    /// Asks it to end, and ends it for good after `patience`; returns once it is gone.
    ///
    /// # Errors
    /// When a signal may not be sent.
    pub fn stop(&self, patience: Duration) -> io::Result<()> {
        for (signal, patience) in [
            (Signal::TERM, patience),
            (Signal::KILL, Duration::from_secs(5)),
        ] {
            if self.is_alive() {
                self.signal(signal)?;
                wait_until(patience, || !self.is_alive());
            }
        }
        Ok(())
    }

    /// Ends the whole process group that this process leads, at once.
    ///
    /// # Errors
    /// When a signal may not be sent.
    pub fn stop_group(&self) -> io::Result<()> {
        kill_process_group(self.pid()?, Signal::KILL).or_else(gone_already)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        kill_process(self.pid()?, signal).or_else(gone_already)
    }

    fn pid(&self) -> io::Result<Pid> {
        let id = i32::try_from(self.id).ok().and_then(Pid::from_raw);
        id.ok_or_else(|| io::Error::other(format!("{} is no process id", self.id)))
    }

    /// Memory and CPU time of now; `None` when the process is gone.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        const TICKS_PER_SECOND: u64 = 100;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id)).ok()?;
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).ok()?;
        let ticks: u64 = fields_after_name(&stat)
            .skip(11)
            .take(2)
            .filter_map(|f| f.parse::<u64>().ok())
            .sum();
        let cpu = Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND);
        Some(Usage {
            resident_kib: kib_of(&status, "VmRSS:")?,
            cpu,
        })
    }
}

fn gone_already(error: Errno) -> io::Result<()> {
    if error == Errno::SRCH {
        Ok(())
    } else {
        Err(error.into())
    }
}

/// Fields of `/proc/ID/stat` behind the program's name, which may hold spaces and parentheses.
fn fields_after_name(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(") ")
        .map_or("", |(_, rest)| rest)
        .split_whitespace()
}

fn kib_of(status: &str, key: &str) -> Option<u64> {
    status
        .lines()
        .find_map(|line| line.strip_prefix(key))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// Asks `done` every 20 ms until it says yes; says whether it did within `patience`.
#[expect(
    clippy::disallowed_methods,
    reason = "a foreign process gives no event to wait for"
)]
pub fn wait_until(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + patience;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_is_known_by_id_and_command_line() {
        let mut child = Command::new("cat")
            .arg("-")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        assert!(wait_until(Duration::from_secs(5), || Process::new(
            child.id(),
            "cat"
        )
        .is_alive()));
        assert!(!Process::new(child.id(), "another program").is_alive());
        assert!(
            Process::new(child.id(), "cat")
                .usage()
                .unwrap()
                .resident_kib
                > 0
        );
        Process::new(child.id(), "cat")
            .stop(Duration::from_secs(5))
            .unwrap();
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn an_ended_child_is_not_alive_before_it_is_waited_for() {
        let mut child = Command::new("true").spawn().unwrap();
        assert!(wait_until(Duration::from_secs(5), || !Process::new(
            child.id(),
            "true"
        )
        .is_alive()));
        child.wait().unwrap();
    }

    #[test]
    fn names_with_parentheses_do_not_shift_the_fields() {
        let mut fields = fields_after_name("17 (a) b) (c) S 1 2 3");
        assert_eq!(fields.next(), Some("S"));
        assert_eq!(fields.next(), Some("1"));
    }
}
