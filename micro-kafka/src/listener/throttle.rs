//! What keeps the records of a listener from beginning: its rate limit and its breaker, which all
//! its consumers share.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use metrics::{Counter, Gauge};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::breaker::{Breaker, Change, Phase, Sign};
use super::command::Command;
use super::event::{ContainerEvent, Events};
use super::health::HealthReason;
use super::rate_limit::Pace;
use super::retry_budget::RetryBudget;
use super::{AckToken, BatchOutcome, Delivery, ListenerEndpoint};
use crate::clock::Clock;
use crate::error::{ErrorKind, ListenerError, Policy};
use crate::observe::catalog;

/// Until when nothing may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    Until(Instant),
    /// Until a record that is at work has ended.
    UntilTold,
}

/// What the consumers of a listener ask before they begin a record.
#[derive(Debug)]
pub(super) struct Throttle {
    clock: Clock,
    pace: Option<Pace>,
    fuse: Option<Fuse>,
}

/// A breaker, and whom it tells.
struct Fuse {
    listener: Arc<str>,
    window: usize,
    state: Mutex<State>,
    events: Events,
    open: Gauge,
    refused: Option<Counter>,
    consumers: Mutex<Vec<mpsc::UnboundedSender<Command>>>,
}

#[derive(Debug)]
struct State {
    breaker: Breaker,
    /// The last failure.
    error: String,
    budget: Option<RetryBudget>,
    /// Whether it is open because the budget is spent.
    spent: bool,
}

/// An attempt at work; dropped before its end, it was given up.
#[derive(Debug)]
pub(super) struct Begun {
    throttle: Arc<Throttle>,
    token: AckToken,
    ended: bool,
}

impl Throttle {
    /// What an endpoint asks for; `None` if nothing.
    pub(super) fn of(
        endpoint: &ListenerEndpoint,
        clock: &Clock,
        events: &Events,
    ) -> Option<Arc<Self>> {
        let budget = endpoint.retry_budget;
        let breaks = endpoint.breaker.is_some() || budget.is_some();
        if endpoint.rate_limit.is_none() && !breaks {
            return None;
        }
        let fuse = breaks.then(|| Fuse {
            listener: Arc::clone(&endpoint.id),
            window: endpoint.breaker.map_or(0, |spec| spec.window),
            state: Mutex::new(State {
                breaker: endpoint
                    .breaker
                    .map_or_else(Breaker::by_order, Breaker::new),
                error: String::new(),
                budget: budget.map(RetryBudget::new),
                spent: false,
            }),
            refused: budget
                .map(|_| catalog::BUDGET_REFUSED.counter(&endpoint.metric_tags, &[&endpoint.id])),
            events: events.clone(),
            open: catalog::BREAKER_OPEN.gauge(&endpoint.metric_tags, &[&endpoint.id]),
            consumers: Mutex::default(),
        });
        Some(Arc::new(Self {
            clock: clock.clone(),
            pace: endpoint.rate_limit.map(Pace::new),
            fuse,
        }))
    }

    /// Whether a record may begin, and when one may if not.
    pub(super) fn closed(&self) -> Option<Closed> {
        let now = self.clock.now();
        let phase = self
            .fuse
            .as_ref()
            .map(|fuse| fuse.state.lock().breaker.phase());
        match phase {
            Some(Phase::Open { until }) if until > now => return Some(Closed::Until(until)),
            Some(Phase::Probing(_)) => return Some(Closed::UntilTold),
            Some(Phase::Open { .. } | Phase::Closed) | None => {}
        }
        let due = self.pace.as_ref().and_then(|pace| pace.due(now));
        due.map(Closed::Until)
    }

    /// Whether a failure does not count now, because no record can be handled.
    pub(super) fn holds_failures(&self) -> bool {
        let phase = self
            .fuse
            .as_ref()
            .map(|fuse| fuse.state.lock().breaker.phase());
        matches!(phase, Some(Phase::Open { .. } | Phase::Probing(_)))
    }

    /// An attempt begins, unless another consumer was first to try.
    pub(super) fn begin(self: &Arc<Self>, delivery: &Delivery) -> Result<Begun, ListenerError> {
        let now = self.clock.now();
        let fuse = self.fuse.as_ref();
        if !fuse.is_none_or(|fuse| fuse.state.lock().breaker.begin(now, delivery.token)) {
            return Err(ListenerError::held());
        }
        if let Some(pace) = &self.pace {
            let records = u32::try_from(delivery.batch().count());
            pace.begin(now, records.unwrap_or(u32::MAX));
        }
        Ok(Begun {
            throttle: Arc::clone(self),
            token: delivery.token,
            ended: false,
        })
    }

    /// Whether a record may go to a retry topic or the dead letters. If not, nothing more begins for
    /// a while, and its failure does not count.
    pub(super) fn lets_go(&self, error: &ListenerError) -> bool {
        let now = self.clock.now();
        let fuse = self.fuse.as_ref();
        fuse.is_none_or(|fuse| fuse.lets_go(now, error))
    }

    /// A consumer that is to be told when records may begin again.
    pub(super) fn register(&self, commands: mpsc::UnboundedSender<Command>) {
        if let Some(fuse) = &self.fuse {
            let mut consumers = fuse.consumers.lock();
            consumers.retain(|known| !known.is_closed());
            consumers.push(commands);
        }
    }

    /// What is wrong, if the breaker is not closed.
    pub(super) fn trouble(&self) -> Option<HealthReason> {
        let fuse = self.fuse.as_ref()?;
        let state = fuse.state.lock();
        let error = state.error.clone();
        if state.breaker.phase() == Phase::Closed {
            return None;
        }
        let percent = state.budget.as_ref().filter(|_| state.spent);
        Some(match percent.map(RetryBudget::percent) {
            Some(percent) => HealthReason::RetryBudgetSpent { percent, error },
            None => HealthReason::BreakerOpen {
                window: fuse.window,
                error,
            },
        })
    }
}

impl Begun {
    /// The attempt has ended.
    pub(super) fn ended(mut self, outcome: &BatchOutcome, records: usize) {
        self.ended = true;
        if let Some(fuse) = &self.throttle.fuse {
            fuse.ended(self.throttle.clock.now(), self.token, outcome, records);
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(fuse) = self.throttle.fuse.as_ref().filter(|_| !self.ended) {
            let now = self.throttle.clock.now();
            fuse.state.lock().breaker.lost(now, self.token);
            fuse.wake();
        }
    }
}

impl Fuse {
    fn ended(&self, now: Instant, token: AckToken, outcome: &BatchOutcome, records: usize) {
        let changed = {
            let mut state = self.state.lock();
            if let Some(budget) = &mut state.budget {
                budget.count(now, records);
            }
            if (0..records).any(|index| outcome.failure(index).is_none()) {
                state.breaker.forgive();
            }
            let mut failures = (0..records).filter_map(|index| outcome.failure(index));
            if let Some(error) = failures.find(|error| is_broken(error)) {
                state.error = error.to_string();
            }
            let signs = (0..records).map(|index| match outcome.failure(index) {
                Some(error) if is_broken(error) => Sign::Broken,
                Some(_) | None => Sign::Well,
            });
            let changed = state.breaker.ended(now, token, signs);
            if changed.is_some() {
                state.spent = false;
            }
            changed
        };
        match changed {
            Some(Change::Opened { until }) => self.tell_opened(until - now),
            Some(Change::Closed) => self.tell_closed(),
            None => {}
        }
    }

    fn lets_go(&self, now: Instant, error: &ListenerError) -> bool {
        let mut state = self.state.lock();
        let Some(budget) = &mut state.budget else {
            return true;
        };
        if budget.take(now) {
            return true;
        }
        let (records, gone) = budget.used();
        state.error = error.to_string();
        state.spent = true;
        let Change::Opened { until } = state.breaker.trip(now) else {
            return false;
        };
        drop(state);
        if let Some(refused) = &self.refused {
            refused.increment(1);
        }
        self.events
            .tell(ContainerEvent::RetryBudgetSpent { records, gone });
        self.tell_opened(until - now);
        false
    }

    fn tell_opened(&self, wait: std::time::Duration) {
        let state = self.state.lock();
        let (error, spent) = (state.error.clone(), state.spent);
        drop(state);
        let listener = &*self.listener;
        if spent {
            tracing::warn!(
                listener,
                ?wait,
                error,
                "too many records leave their topic: the listener rests, then tries one record"
            );
        } else {
            let window = self.window;
            tracing::warn!(
                listener,
                window,
                ?wait,
                error,
                "too many attempts fail: the listener rests, then tries one record"
            );
        }
        self.open.set(1.0);
        self.events
            .tell(ContainerEvent::BreakerOpened { error, wait });
    }

    fn tell_closed(&self) {
        tracing::info!(listener = &*self.listener, "records are handled again");
        self.open.set(0.0);
        self.events.tell(ContainerEvent::BreakerClosed);
        self.wake();
    }

    fn wake(&self) {
        for consumer in &*self.consumers.lock() {
            // Gone only if its consumer is.
            let _ = consumer.send(Command::Paused);
        }
    }
}

/// Whether a failure speaks of what the handler depends on, and not of its record.
fn is_broken(error: &ListenerError) -> bool {
    let of_the_record = matches!(error.policy(), Policy::DeadLetter | Policy::Skip);
    !matches!(error.kind(), ErrorKind::Decode | ErrorKind::DecodeKey) && !of_the_record
}

impl fmt::Debug for Fuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fuse")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
