//! Lanes: each runs one record at a time, in order; made on demand, dropped when empty.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;
use std::time::Instant;

use super::lane_state::State;
pub(super) use super::lane_state::{Abort, Next, Try};
use super::order::{LaneKey, Spread};
use crate::record::Record;

/// The most empty queues that are kept for lanes to come.
const SPARE: usize = 1_024;

/// The lanes of one partition that have something to do or to wait for.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    open: HashMap<LaneKey, Lane, BuildHasherDefault<Spread>>,
    /// Those whose next step may begin, in line.
    ready: VecDeque<LaneKey>,
    spare: Vec<VecDeque<Record>>,
    busy: usize,
    committing: usize,
}

#[derive(Debug)]
struct Lane {
    state: State,
    /// Records behind the one in front.
    waiting: VecDeque<Record>,
}

/// The next step of a lane in line.
#[derive(Debug)]
pub(super) enum Step {
    /// What was waited for.
    Next(Next),
    /// A record that waited behind another.
    Record(Record),
}

/// What was given up.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aborted {
    /// Records that were at work.
    pub(super) busy: usize,
    /// Those of them that were in the handler.
    pub(super) handlers: usize,
    /// Records that waited for another attempt.
    pub(super) waiting: usize,
    /// Tasks that may go on for a while.
    pub(super) ghosts: usize,
}

impl Lanes {
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many have a handler or the recoverer at work.
    pub(super) fn busy(&self) -> usize {
        self.busy
    }

    /// Whether nothing is at work, or could be.
    pub(super) fn is_at_rest(&self) -> bool {
        self.busy == 0 && self.ready.is_empty()
    }

    /// The earliest moment that a record waits for.
    pub(super) fn waits_until(&self) -> Option<Instant> {
        self.waiting().map(|(_, due)| due).min()
    }

    /// Whether every lane waits for a moment that is still to come.
    pub(super) fn all_wait_beyond(&self, now: Instant) -> bool {
        let waits = |lane: &Lane| match lane.state {
            State::Waiting { due, .. } => due > now,
            State::Parked(_) => true,
            _ => false,
        };
        self.open.values().all(waits)
    }

    /// Puts a record behind those of its lane; gives it back if there is no such lane.
    pub(super) fn follow(&mut self, key: LaneKey, record: Record) -> Result<(), Record> {
        if self.open.is_empty() {
            return Err(record);
        }
        match self.open.get_mut(&key) {
            Some(lane) => {
                lane.waiting.push_back(record);
                Ok(())
            }
            None => Err(record),
        }
    }

    /// Takes the next step out of the line.
    pub(super) fn take_step(&mut self) -> Option<(LaneKey, Step)> {
        while let Some(key) = self.ready.pop_front() {
            let Some(lane) = self.open.get_mut(&key) else {
                continue;
            };
            let State::Ready(next) = std::mem::replace(&mut lane.state, State::Starting) else {
                continue;
            };
            let record = || lane.waiting.pop_front().map(Step::Record);
            if let Some(step) = next.map(|next| Step::Next(*next)).or_else(record) {
                return Some((key, step));
            }
            self.close(key);
        }
        None
    }

    /// The record in front is done with: the next one of the lane is in line.
    pub(super) fn release(&mut self, key: LaneKey) {
        let Entry::Occupied(mut lane) = self.open.entry(key) else {
            return;
        };
        leave(&lane.get().state, &mut self.busy, &mut self.committing);
        if lane.get().waiting.is_empty() {
            let waiting = lane.remove().waiting;
            return self.keep(waiting);
        }
        lane.get_mut().state = State::Ready(None);
        self.ready.push_back(key);
    }

    pub(super) fn set_busy(&mut self, key: LaneKey, offset: i64, is_handler: bool, abort: Abort) {
        let busy = State::Busy {
            offset,
            is_handler,
            abort,
        };
        self.set(key, busy);
        self.busy += 1;
    }

    pub(super) fn set_waiting(&mut self, key: LaneKey, due: Instant, next: Next) {
        let next = Box::new(next);
        self.set(key, State::Waiting { due, next });
    }

    pub(super) fn set_parked(&mut self, key: LaneKey, next: Next) {
        self.set(key, State::Parked(Box::new(next)));
    }

    /// Puts whatever is parked into the line; how many lanes that are.
    pub(super) fn unpark(&mut self) -> usize {
        let lanes = self.open.iter();
        let parked =
            lanes.filter_map(|(key, lane)| matches!(lane.state, State::Parked(_)).then_some(*key));
        let parked: Vec<_> = parked.collect();
        for key in &parked {
            let Some(lane) = self.open.get_mut(key) else {
                continue;
            };
            if let State::Parked(next) = std::mem::replace(&mut lane.state, State::Starting) {
                self.set_ready(*key, *next);
            }
        }
        parked.len()
    }

    pub(super) fn set_reading(&mut self, key: LaneKey) {
        self.set(key, State::Reading);
    }

    pub(super) fn set_committing(&mut self, key: LaneKey) {
        self.set(key, State::Committing);
        self.committing += 1;
    }

    /// Whether this offset is at work.
    pub(super) fn is_at_work(&self, key: LaneKey, offset: i64) -> bool {
        let lane = self.open.get(&key);
        lane.is_some_and(
            |lane| matches!(lane.state, State::Busy { offset: at, .. } if at == offset),
        )
    }

    /// This lane if nothing goes on in it, else one of its own.
    pub(super) fn vacant(&self, key: LaneKey) -> LaneKey {
        let mut vacant = key;
        while self.open.contains_key(&vacant) {
            vacant = vacant.wrapping_add(1);
        }
        vacant
    }

    /// Ends the work on this offset; `false` if it was given up before.
    pub(super) fn end_work(&mut self, key: LaneKey, offset: i64) -> bool {
        let Some(lane) = self.open.get_mut(&key) else {
            return false;
        };
        let ours = matches!(lane.state, State::Busy { offset: at, .. } if at == offset);
        if ours {
            self.busy -= 1;
            lane.state = State::Starting;
        }
        ours
    }

    /// Takes what a lane waited for, if its time has come.
    pub(super) fn take_due(&mut self, key: LaneKey, now: Instant) -> Option<Next> {
        let lane = self.open.get_mut(&key)?;
        if !matches!(lane.state, State::Waiting { due, .. } if due <= now) {
            return None;
        }
        match std::mem::replace(&mut lane.state, State::Starting) {
            State::Waiting { next, .. } => Some(*next),
            _ => None,
        }
    }

    /// Puts a step into the line.
    pub(super) fn set_ready(&mut self, key: LaneKey, next: Next) {
        self.set(key, State::Ready(Some(Box::new(next))));
        self.ready.push_back(key);
    }

    /// A record that was read again is here; `false` if its lane does not wait for it.
    pub(super) fn end_reading(&mut self, key: LaneKey) -> bool {
        let lane = self.open.get_mut(&key);
        let lane = lane.filter(|lane| matches!(lane.state, State::Reading));
        lane.is_some_and(|lane| {
            lane.state = State::Starting;
            true
        })
    }

    /// Frees the lanes whose commit was answered; whether there were any.
    pub(super) fn release_committing(&mut self) -> bool {
        if self.committing == 0 {
            return false;
        }
        let keys = self.open.iter();
        let keys =
            keys.filter_map(|(key, lane)| matches!(lane.state, State::Committing).then_some(*key));
        for key in keys.collect::<Vec<_>>() {
            self.release(key);
        }
        true
    }

    /// Lets go of everything that is not at work; how many records waited for another attempt.
    pub(super) fn keep_busy(&mut self) -> usize {
        self.keep_attempts(|_, _| None)
    }

    /// Lets go of everything that is not at work, but for attempts that are due when `wanted` says,
    /// given the offset and, if there is one, the time; how many other records waited for one.
    pub(super) fn keep_attempts(
        &mut self,
        wanted: impl Fn(i64, Option<Instant>) -> Option<Instant>,
    ) -> usize {
        let mut dropped = 0;
        self.open.retain(|_, lane| {
            lane.waiting.clear();
            let attempt = lane.state.attempt();
            if let Some(due) = attempt.and_then(|(offset, due)| wanted(offset, due)) {
                lane.state.wait_until(due);
                return true;
            }
            dropped += usize::from(lane.state.has_record());
            matches!(lane.state, State::Busy { .. } | State::Starting)
        });
        self.ready.clear();
        self.committing = 0;
        dropped
    }

    /// The lanes that wait for a time, with the time.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (LaneKey, Instant)> {
        self.open.iter().filter_map(|(key, lane)| match lane.state {
            State::Waiting { due, .. } => Some((*key, due)),
            _ => None,
        })
    }

    /// Lets go of everything.
    pub(super) fn abort(&mut self) -> Aborted {
        let mut aborted = Aborted::default();
        for (_, lane) in self.open.drain() {
            aborted.waiting += usize::from(lane.state.has_record());
            if let State::Busy {
                abort, is_handler, ..
            } = lane.state
            {
                aborted.busy += 1;
                aborted.handlers += usize::from(is_handler);
                match abort {
                    Abort::Inline(handle) => handle.abort(),
                    Abort::Task(handle) => {
                        aborted.ghosts += 1;
                        handle.abort();
                    }
                }
            }
        }
        self.ready.clear();
        (self.busy, self.committing) = (0, 0);
        aborted
    }

    fn set(&mut self, key: LaneKey, state: State) {
        let spare = &mut self.spare;
        let lane = self.open.entry(key).or_insert_with(|| Lane {
            state: State::Starting,
            waiting: spare.pop().unwrap_or_default(),
        });
        leave(&lane.state, &mut self.busy, &mut self.committing);
        lane.state = state;
    }

    fn close(&mut self, key: LaneKey) {
        if let Some(lane) = self.open.remove(&key) {
            self.keep(lane.waiting);
        }
    }

    fn keep(&mut self, empty: VecDeque<Record>) {
        if empty.capacity() > 0 && self.spare.len() < SPARE {
            self.spare.push(empty);
        }
    }
}

/// Counts a lane out of what it was doing.
fn leave(state: &State, busy: &mut usize, committing: &mut usize) {
    match state {
        State::Busy { .. } => *busy -= 1,
        State::Committing => *committing -= 1,
        State::Ready(_)
        | State::Starting
        | State::Waiting { .. }
        | State::Parked(_)
        | State::Reading => {}
    }
}
