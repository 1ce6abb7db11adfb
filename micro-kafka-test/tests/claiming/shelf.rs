//! A store in memory that counts, and that may be away, forget and break things.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use micro_kafka::claim_check::{ClaimCheck, ClaimError, ClaimFuture, ClaimName, ClaimStore};
use parking_lot::Mutex;
use tokio::sync::watch;

/// More bytes than this go to it.
pub(crate) const ABOVE: usize = 100;

#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    payloads: Mutex<BTreeMap<ClaimName, Vec<u8>>>,
    got: Mutex<usize>,
    /// How often it will refuse.
    away: Mutex<usize>,
    /// Whether nothing is handed out.
    closed: watch::Sender<bool>,
}

impl Shelf {
    pub(crate) fn check(&self) -> ClaimCheck {
        ClaimCheck::new(self.clone()).above(ABOVE)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.payloads.lock().len()
    }

    /// How often payloads were asked for.
    pub(crate) fn got(&self) -> usize {
        *self.0.got.lock()
    }

    pub(crate) fn refuse(&self, times: usize) {
        *self.0.away.lock() = times;
    }

    pub(crate) fn close(&self, closed: bool) {
        self.0.closed.send_replace(closed);
    }

    pub(crate) fn clear(&self) {
        self.0.payloads.lock().clear();
    }

    pub(crate) fn change(&self, change: impl Fn(&mut Vec<u8>)) {
        self.0.payloads.lock().values_mut().for_each(change);
    }

    fn is_there(&self, doing: &'static str) -> Result<(), ClaimError> {
        let mut away = self.0.away.lock();
        if *away == 0 {
            return Ok(());
        }
        *away -= 1;
        Err(ClaimError::store(doing, "it is away"))
    }
}

impl ClaimStore for Shelf {
    fn put<'a>(&'a self, name: &'a ClaimName, payload: Vec<u8>) -> ClaimFuture<'a, ()> {
        Box::pin(async move {
            self.is_there("write a payload")?;
            let before = self.0.payloads.lock().insert(name.clone(), payload);
            assert_eq!(before, None, "a name is given once");
            Ok(())
        })
    }

    fn get<'a>(&'a self, name: &'a ClaimName, _: u64) -> ClaimFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            *self.0.got.lock() += 1;
            let mut closed = self.0.closed.subscribe();
            closed.wait_for(|closed| !closed).await.unwrap();
            self.is_there("read a payload")?;
            Ok(self.0.payloads.lock().get(name).cloned())
        })
    }

    fn remove_older(&self, _: SystemTime) -> ClaimFuture<'_, u64> {
        Box::pin(async { Ok(0) })
    }
}
