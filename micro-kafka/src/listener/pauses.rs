//! What a program has paused. Kept by the container, so that it outlives rebalances and consumers.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::target::Target;

/// The pauses of one listener.
#[derive(Debug, Default)]
pub(super) struct Pauses(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Each with the number of the call that made it.
    paused: HashMap<Target, u64>,
    calls: u64,
}

impl Pauses {
    /// Pauses; the number of this call.
    pub(super) fn pause(&self, target: &Target) -> u64 {
        let mut state = self.0.lock();
        state.calls += 1;
        let call = state.calls;
        state.paused.insert(target.clone(), call);
        call
    }

    /// Takes a pause back; `false` if there was none. With everything, everything is resumed.
    pub(super) fn resume(&self, target: &Target) -> bool {
        let mut state = self.0.lock();
        if *target == Target::All {
            return !std::mem::take(&mut state.paused).is_empty();
        }
        state.paused.remove(target).is_some()
    }

    /// Takes a pause back unless it was made anew since that call.
    pub(super) fn resume_call(&self, target: &Target, call: u64) -> bool {
        let mut state = self.0.lock();
        if state.paused.get(target) != Some(&call) {
            return false;
        }
        state.paused.remove(target).is_some()
    }

    /// Whether a partition is paused.
    pub(super) fn cover(&self, namespace: &str, topic: &Arc<str>, partition: i32) -> bool {
        let state = self.0.lock();
        let mut paused = state.paused.keys();
        paused.any(|target| target.covers(namespace, topic, partition))
    }

    /// Whether exactly this is paused.
    pub(super) fn holds(&self, target: &Target) -> bool {
        self.0.lock().paused.contains_key(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_paused_by_itself_its_topic_or_everything() {
        let pauses = Pauses::default();
        let topic = "test.orders".into();
        let partition = Target::Partition("orders".into(), 1);
        pauses.pause(&partition);
        assert!(pauses.cover("test.", &topic, 1));
        assert!(!pauses.cover("test.", &topic, 2));
        pauses.pause(&Target::Topic("test.orders".into()));
        assert!(pauses.cover("test.", &topic, 2));
        assert!(pauses.resume(&Target::Topic("test.orders".into())));
        assert!(!pauses.cover("test.", &topic, 2));
        pauses.pause(&Target::All);
        assert!(pauses.cover("test.", &topic, 2));
        assert!(pauses.resume(&Target::All));
        assert!(!pauses.cover("test.", &topic, 1));
        assert!(!pauses.resume(&partition));
    }

    #[test]
    fn an_older_pause_does_not_end_a_newer_one() {
        let pauses = Pauses::default();
        let first = pauses.pause(&Target::All);
        let second = pauses.pause(&Target::All);
        assert!(!pauses.resume_call(&Target::All, first));
        assert!(pauses.holds(&Target::All));
        assert!(pauses.resume_call(&Target::All, second));
        assert!(!pauses.holds(&Target::All));
    }
}
