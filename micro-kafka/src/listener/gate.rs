//! What has to be in place before the first record is handled, while the group is joined already.

use tokio::sync::watch;

/// Holds consumers back until it is opened; see [`Gate::closed`].
#[derive(Debug, Clone)]
pub(crate) struct Gate(Option<watch::Receiver<bool>>);

/// Opens its gate; dropped before that, the gate stays closed for good.
#[derive(Debug)]
pub(crate) struct GateKey(watch::Sender<bool>);

impl Gate {
    /// A gate that holds nobody back.
    pub(crate) fn open() -> Self {
        Self(None)
    }

    /// A closed gate and its key.
    pub(crate) fn closed() -> (GateKey, Self) {
        let (key, gate) = watch::channel(false);
        (GateKey(key), Self(Some(gate)))
    }

    /// Waits until it opens; `false` if it never will.
    pub(super) async fn passed(self) -> bool {
        match self.0 {
            None => true,
            Some(mut gate) => gate.wait_for(|open| *open).await.is_ok(),
        }
    }
}

impl GateKey {
    /// Lets everybody through.
    pub(crate) fn open(self) {
        self.0.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_opened_gate_lets_through_and_a_dropped_key_does_not() {
        assert!(Gate::open().passed().await);
        let (key, gate) = Gate::closed();
        key.open();
        assert!(gate.passed().await);
        let (key, gate) = Gate::closed();
        drop(key);
        assert!(!gate.passed().await);
    }
}
