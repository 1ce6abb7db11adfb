//! Telling handlers that their work is in vain, or should come to an end.

use tokio::sync::watch;

use super::middleware::TimeLimit;
use crate::client::Slot;

/// Why a handler is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelReason {
    /// Its partition goes to another consumer: what is not finished within `revoke-drain` is
    /// delivered there again.
    Revoked,
    /// The listener stops: what is not finished within `shutdown-timeout` is delivered again.
    Stopping,
    /// The listener's `timeout` is over: the attempt has failed, and its record may be tried again.
    TimedOut,
}

/// What a consumer's loop has called off.
#[derive(Debug)]
pub(crate) struct CancelSignal(watch::Sender<CalledOff>);

#[derive(Debug, Default)]
struct CalledOff {
    stopping: bool,
    /// By slot: the newest epoch that is over.
    revoked: Vec<Option<u32>>,
}

/// One delivery's view of it.
#[derive(Debug, Clone)]
pub(crate) struct CancelWatch {
    signal: watch::Receiver<CalledOff>,
    slot: Slot,
    epoch: u32,
    limit: Option<TimeLimit>,
}

impl Default for CancelSignal {
    fn default() -> Self {
        Self(watch::Sender::new(CalledOff::default()))
    }
}

impl CancelSignal {
    /// Calls off whatever is at work.
    pub(crate) fn stop(&self) {
        self.0.send_modify(|state| state.stopping = true);
    }

    /// Calls off what belongs to an assignment of a partition.
    pub(crate) fn revoke(&self, slot: Slot, epoch: u32) {
        self.0.send_modify(|state| {
            let index = slot as usize;
            if state.revoked.len() <= index {
                state.revoked.resize(index + 1, None);
            }
            state.revoked[index] = state.revoked[index].max(Some(epoch));
        });
    }

    pub(crate) fn watch(&self, slot: Slot, epoch: u32) -> CancelWatch {
        CancelWatch {
            signal: self.0.subscribe(),
            slot,
            epoch,
            limit: None,
        }
    }
}

impl CalledOff {
    fn reason(&self, slot: Slot, epoch: u32) -> Option<CancelReason> {
        let revoked = self.revoked.get(slot as usize).copied().flatten();
        if revoked.is_some_and(|newest| newest >= epoch) {
            return Some(CancelReason::Revoked);
        }
        self.stopping.then_some(CancelReason::Stopping)
    }
}

impl CancelWatch {
    /// The same with an end of its own.
    pub(super) fn within(self, limit: Option<TimeLimit>) -> Self {
        Self { limit, ..self }
    }

    pub(crate) fn reason(&self) -> Option<CancelReason> {
        let called_off = self.signal.borrow().reason(self.slot, self.epoch);
        let over = || self.limit.as_ref().is_some_and(TimeLimit::is_over);
        called_off.or_else(|| over().then_some(CancelReason::TimedOut))
    }

    pub(crate) async fn fired(&self) -> CancelReason {
        let Some(limit) = &self.limit else {
            return self.called_off().await;
        };
        tokio::select! {
            biased;
            reason = self.called_off() => reason,
            () = limit.over() => CancelReason::TimedOut,
        }
    }

    async fn called_off(&self) -> CancelReason {
        let (mut signal, slot, epoch) = (self.signal.clone(), self.slot, self.epoch);
        let fired = signal.wait_for(|state| state.reason(slot, epoch).is_some());
        // The signal is gone only if its consumer is.
        let state = fired.await.ok();
        let reason = state.and_then(|state| state.reason(slot, epoch));
        reason.unwrap_or(CancelReason::Stopping)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_revocation_concerns_its_own_assignment_alone() {
        let signal = CancelSignal::default();
        let (old, new, other) = (signal.watch(2, 5), signal.watch(2, 6), signal.watch(1, 3));
        assert_eq!(old.reason(), None);
        assert!(old.fired().now_or_never().is_none());
        signal.revoke(2, 5);
        assert_eq!(old.fired().now_or_never(), Some(CancelReason::Revoked));
        assert_eq!((new.reason(), other.reason()), (None, None));
    }

    #[test]
    fn a_stop_concerns_all_and_the_revocation_that_it_brings_is_the_better_reason() {
        let signal = CancelSignal::default();
        let watch = signal.watch(0, 1);
        signal.stop();
        assert_eq!(watch.reason(), Some(CancelReason::Stopping));
        signal.revoke(0, 1);
        assert_eq!(watch.reason(), Some(CancelReason::Revoked));
        drop(signal);
        assert_eq!(watch.fired().now_or_never(), Some(CancelReason::Revoked));
    }
}
