//! The rules in force, and which of them a request meets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;

use super::switches::Switches;
use super::{Action, ApiKey, Delay, FaultBuilder, FaultHandle, Matcher, RequestView, Rule};

/// The faults of a broker. Clones are the same.
///
/// Rules are looked at in the order in which they were made; the first one that a request meets
/// acts, and the others do not count it.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// How many rules there are, and a slow disk is one more: without any, requests pass at the cost
    /// of this load.
    count: AtomicUsize,
    rules: RwLock<Vec<Arc<ActiveRule>>>,
    next: AtomicU64,
    switches: Switches,
}

/// A rule in force.
#[derive(Debug)]
pub(crate) struct ActiveRule {
    pub(super) id: u64,
    pub(super) rule: Rule,
    dice: Mutex<Dice>,
    /// How many requests it has met.
    pub(super) hits: watch::Sender<u64>,
    /// Whether it has been removed.
    pub(super) removed: watch::Sender<bool>,
}

#[derive(Debug)]
struct Dice {
    matched: u64,
    random: StdRng,
}

/// What a rule has in store for a request.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The rule.
    pub(crate) rule: Arc<ActiveRule>,
    /// How long the request waits.
    pub(crate) delay: Option<Duration>,
    /// What becomes of it then.
    pub(crate) action: Action,
}

impl Faults {
    /// Begins a rule for requests of an API: conditions, and then what is to happen.
    pub fn on(&self, api: ApiKey) -> FaultBuilder {
        FaultBuilder::new(self.clone(), Matcher::on(api))
    }

    /// Begins a rule for requests of all APIs.
    pub fn on_any(&self) -> FaultBuilder {
        FaultBuilder::new(self.clone(), Matcher::default())
    }

    /// Puts a rule in force.
    pub fn add(&self, rule: Rule) -> FaultHandle {
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed) + 1;
        let active = Arc::new(ActiveRule {
            id,
            dice: Mutex::new(Dice {
                matched: 0,
                random: StdRng::seed_from_u64(rule.schedule.seed.unwrap_or(id)),
            }),
            rule,
            hits: watch::Sender::new(0),
            removed: watch::Sender::new(false),
        });
        let mut rules = self.shared.rules.write();
        rules.push(Arc::clone(&active));
        self.count(&rules);
        drop(rules);
        FaultHandle::new(self.clone(), active)
    }

    /// The rules in force, in the order in which they are looked at.
    #[must_use]
    pub fn active(&self) -> Vec<FaultHandle> {
        let rules = self.shared.rules.read();
        let handles = rules
            .iter()
            .map(|rule| FaultHandle::new(self.clone(), Arc::clone(rule)));
        handles.collect()
    }

    /// Removes all rules and ends all other faults; what they hold goes on.
    pub fn clear(&self) {
        self.release_transaction_markers();
        self.accept_connections();
        self.free_disk();
        let mut rules = self.shared.rules.write();
        let removed = std::mem::take(&mut *rules);
        self.shared.switches.slow_disk(Duration::ZERO);
        self.count(&rules);
        drop(rules);
        for rule in removed {
            rule.removed.send_replace(true);
        }
    }

    fn count(&self, rules: &[Arc<ActiveRule>]) {
        let slow = usize::from(self.shared.switches.is_disk_slow());
        self.shared
            .count
            .store(rules.len() + slow, Ordering::Release);
    }

    /// Keeps the outcomes of transactions from their partitions: whoever reads committed records
    /// does not see them, and their producers are told to ask again (`CONCURRENT_TRANSACTIONS`).
    pub fn hold_transaction_markers(&self) {
        self.shared.switches.hold_markers(true);
    }

    /// Lets the outcomes go that were held.
    pub fn release_transaction_markers(&self) {
        self.shared.switches.hold_markers(false);
    }

    /// Refuses new connections, as if nobody listened; those that there are stay.
    pub fn refuse_connections(&self) {
        self.shared.switches.refuse(true);
    }

    /// Accepts connections again, on the same ports.
    pub fn accept_connections(&self) {
        self.shared.switches.refuse(false);
    }

    /// Fills the disk: nothing can be stored (`KAFKA_STORAGE_ERROR`), in memory as well.
    pub fn fill_disk(&self) {
        self.shared.switches.fill_disk(true);
    }

    /// There is room on the disk again.
    pub fn free_disk(&self) {
        self.shared.switches.fill_disk(false);
    }

    /// Makes every request take so much longer that writes something down; none for zero.
    pub fn slow_disk(&self, delay: Duration) {
        let rules = self.shared.rules.write();
        self.shared.switches.slow_disk(delay);
        self.count(&rules);
    }

    pub(crate) fn switches(&self) -> &Switches {
        &self.shared.switches
    }

    /// Takes the rule of that id out of force, and lets what it holds go on; whether there was one.
    pub fn remove(&self, id: u64) -> bool {
        let mut rules = self.shared.rules.write();
        let Some(at) = rules.iter().position(|known| known.id == id) else {
            return false;
        };
        let rule = rules.remove(at);
        self.count(&rules);
        drop(rules);
        rule.removed.send_replace(true);
        true
    }

    /// Whether no request meets anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.shared.count.load(Ordering::Acquire) == 0
    }

    /// What a request meets, if anything.
    pub(crate) fn meet(&self, request: &RequestView) -> Option<Fault> {
        let rules = self.shared.rules.read().clone();
        rules.into_iter().find_map(|rule| rule.meet(request))
    }
}

impl ActiveRule {
    fn meet(self: Arc<Self>, request: &RequestView) -> Option<Fault> {
        if !self.rule.matcher.matches(request) {
            return None;
        }
        let schedule = &self.rule.schedule;
        let mut dice = self.dice.lock();
        dice.matched += 1;
        let nth = dice.matched.checked_sub(schedule.first)?;
        let spent = schedule
            .times
            .is_some_and(|times| *self.hits.borrow() >= times);
        if spent || nth % schedule.every.max(1) != 0 {
            return None;
        }
        if schedule.probability < 1.0 && dice.random.random::<f64>() >= schedule.probability {
            return None;
        }
        let mut delay = self.rule.delay.map(|delay| dice.throw(delay));
        self.hits.send_modify(|hits| *hits += 1);
        let mut action = match &self.rule.action {
            Action::Hook(hook) => (hook.0)(request),
            action => action.clone(),
        };
        while let Action::Delay(more, then) = action {
            delay = Some(delay.unwrap_or_default() + dice.throw(more));
            action = *then;
        }
        drop(dice);
        Some(Fault {
            rule: self,
            delay,
            action,
        })
    }

    /// The rule as it was put in force.
    pub(crate) fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Waits until it is removed.
    pub(crate) async fn removed(&self) {
        let mut removed = self.removed.subscribe();
        // The sender is part of `self`, so it is there.
        let _ = removed.wait_for(|removed| *removed).await;
    }
}

impl Dice {
    fn throw(&mut self, delay: Delay) -> Duration {
        let spread = delay.to.saturating_sub(delay.from);
        delay.from + spread.mul_f64(self.random.random::<f64>())
    }
}
