//! Who is told what becomes of failed records.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Action, BoxError, ListenerError, Recovered};
use crate::listener::Delivery;

/// Is told of each failure and of what came of it: Spring's `RetryListener`. The records of a batch
/// are told one by one.
///
/// It is called on the consumer's own thread, and must not wait. A panic of it is logged, and
/// changes nothing for the record.
pub trait RetryListener: Send + Sync + fmt::Debug {
    /// A delivery failed, and this was decided. [`Delivery::attempt`] counts from 1.
    fn failed(&self, delivery: &Delivery, error: &ListenerError, action: Action) {
        let _ = (delivery, error, action);
    }

    /// The recoverer has disposed of the record.
    fn recovered(&self, delivery: &Delivery, error: &ListenerError, went: Recovered) {
        let _ = (delivery, error, went);
    }

    /// The recoverer could not dispose of the record, and will be asked again; `tries` counts
    /// from 1.
    fn recovery_failed(
        &self,
        delivery: &Delivery,
        error: &ListenerError,
        trouble: &BoxError,
        tries: u32,
    ) {
        let _ = (delivery, error, trouble, tries);
    }
}

/// All retry listeners of an application, in their order.
#[derive(Debug, Clone, Default)]
pub struct RetryListeners(Arc<[Arc<dyn RetryListener>]>);

impl FromIterator<Arc<dyn RetryListener>> for RetryListeners {
    fn from_iter<I: IntoIterator<Item = Arc<dyn RetryListener>>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl RetryListeners {
    /// Tells each of them.
    pub(crate) fn tell(&self, what: impl Fn(&dyn RetryListener)) {
        for listener in &*self.0 {
            if catch_unwind(AssertUnwindSafe(|| what(&**listener))).is_err() {
                tracing::error!("a retry listener panicked");
            }
        }
    }
}
