//! Who of a process may run records while it is looked for the one that kills it.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc::WeakUnboundedSender;

use crate::listener::command::Command;

/// Shared by all consumers of a process whose listeners quarantine. As long as one of them has a
/// partition under suspicion, one record of all of them runs at a time: were there another, nobody
/// could tell which of the two it was.
#[derive(Debug, Default)]
pub(crate) struct Warden(Mutex<State>);

impl Warden {
    /// The one of this process.
    pub(crate) fn own() -> Arc<Self> {
        static OWN: std::sync::OnceLock<Arc<Warden>> = std::sync::OnceLock::new();
        Arc::clone(OWN.get_or_init(Arc::default))
    }
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// Who has partitions under suspicion.
    suspicious: Vec<u64>,
    /// Who has records at work that are not marked.
    free: Vec<u64>,
    /// Whose record runs alone.
    alone: Option<u64>,
    /// Who waits for that, in line.
    line: VecDeque<u64>,
    seats: Vec<(u64, WeakUnboundedSender<Command>)>,
}

/// One consumer's place before the warden; given up when dropped.
#[derive(Debug)]
pub(in crate::listener) struct Seat {
    warden: Arc<Warden>,
    number: u64,
}

impl Seat {
    /// A place before the warden; `wake` is told when more may run.
    pub(in crate::listener) fn before(
        warden: &Arc<Warden>,
        wake: Option<WeakUnboundedSender<Command>>,
    ) -> Self {
        let mut state = warden.0.lock();
        state.next += 1;
        let number = state.next;
        state.seats.extend(wake.map(|wake| (number, wake)));
        Self {
            warden: Arc::clone(warden),
            number,
        }
    }

    /// Whether this consumer may run records as it likes until it says that nothing is at work.
    pub(in crate::listener) fn run_freely(&self) -> bool {
        let mut state = self.warden.0.lock();
        if !state.suspicious.is_empty() {
            return false;
        }
        if !state.free.contains(&self.number) {
            state.free.push(self.number);
        }
        true
    }

    /// Nothing of this consumer is at work.
    pub(in crate::listener) fn rest(&self) {
        let mut state = self.warden.0.lock();
        let before = state.free.len();
        state.free.retain(|seat| *seat != self.number);
        if state.free.len() < before {
            state.tell(self.number);
        }
    }

    /// Whether this consumer has partitions under suspicion.
    pub(in crate::listener) fn suspect(&self, suspicious: bool) {
        let mut state = self.warden.0.lock();
        let known = state.suspicious.contains(&self.number);
        if suspicious && !known {
            state.suspicious.push(self.number);
        } else if !suspicious && known {
            state.suspicious.retain(|seat| *seat != self.number);
            state.tell(self.number);
        }
    }

    /// Whether a record of this consumer may run now, alone in the process; if not, it is in line.
    pub(in crate::listener) fn run_alone(&self) -> bool {
        let mut state = self.warden.0.lock();
        if state.alone == Some(self.number) {
            return true;
        }
        let first = state.line.front().is_none_or(|seat| *seat == self.number);
        if state.free.is_empty() && state.alone.is_none() && first {
            state.line.pop_front();
            state.alone = Some(self.number);
            return true;
        }
        if !state.line.contains(&self.number) {
            state.line.push_back(self.number);
        }
        false
    }

    /// Whether others are in line.
    pub(in crate::listener) fn others_wait(&self) -> bool {
        !self.warden.0.lock().line.is_empty()
    }

    /// This consumer has nothing to run: it is neither in line nor does anything of it run alone.
    pub(in crate::listener) fn end_alone(&self) {
        let mut state = self.warden.0.lock();
        let was_first = state.line.front() == Some(&self.number);
        state.line.retain(|seat| *seat != self.number);
        let ran = state.alone.take_if(|seat| *seat == self.number).is_some();
        if ran || was_first {
            state.tell(self.number);
        }
    }
}

impl State {
    fn tell(&mut self, by: u64) {
        self.seats.retain(|(seat, wake)| {
            // Gone only if its consumer is.
            *seat == by
                || wake
                    .upgrade()
                    .is_some_and(|wake| wake.send(Command::Paused).is_ok())
        });
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.rest();
        self.suspect(false);
        self.end_alone();
        let mut state = self.warden.0.lock();
        state.seats.retain(|(seat, _)| *seat != self.number);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[test]
    fn one_runs_alone_once_nobody_runs_freely() {
        let warden = Arc::default();
        let (wake, mut woken) = unbounded_channel();
        let (one, other) = (
            Seat::before(&warden, Some(wake.downgrade())),
            Seat::before(&warden, None),
        );
        assert!(other.run_freely() && one.run_freely());
        one.rest();
        one.suspect(true);
        assert!(!one.run_freely() && !other.run_freely());
        assert!(!one.run_alone(), "the other one has records at work");
        other.rest();
        assert!(woken.try_recv().is_ok());
        assert!(one.run_alone() && !other.run_alone() && one.others_wait());
        one.end_alone();
        assert!(!one.run_alone(), "the other one was first");
        assert!(other.run_alone() && !one.run_alone());
        drop(other);
        assert!(woken.try_recv().is_ok());
        assert!(one.run_alone());
        one.end_alone();
        one.suspect(false);
        assert!(one.run_freely());
    }
}
