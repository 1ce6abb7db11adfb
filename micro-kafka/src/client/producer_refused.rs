//! A producer that brokers do not let in: a login or a certificate that is refused.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

/// Why the client is not let in, until it is.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    reason: Mutex<Option<String>>,
    is_set: AtomicBool,
}

impl Refused {
    /// Notes a refusal; whether it is news.
    pub(super) fn note(&self, reason: &str) -> bool {
        let mut known = self.reason.lock();
        self.is_set.store(true, Ordering::Release);
        let news = known.as_deref() != Some(reason);
        *known = Some(reason.to_owned());
        news
    }

    /// A broker took something.
    pub(super) fn clear(&self) {
        if self.is_set.load(Ordering::Acquire) {
            self.is_set.store(false, Ordering::Release);
            *self.reason.lock() = None;
        }
    }

    /// The last refusal.
    pub(crate) fn reason(&self) -> Option<String> {
        self.reason.lock().clone()
    }
}
