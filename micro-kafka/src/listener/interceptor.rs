//! Who looks on at each attempt.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::batch::Companions;
use super::{Delivery, Finished};
use crate::error::ListenerError;

/// Is told of each attempt of each record, retries included, before the handler and after it: the
/// counterpart of Spring's `RecordInterceptor`. The records of a batch are told one by one.
///
/// It is called on the consumer's own thread, and must not wait. A panic of it is logged, and
/// changes nothing for the record.
pub trait Interceptor: Send + Sync + fmt::Debug {
    /// The handler begins.
    fn before(&self, delivery: &Delivery) {
        let _ = delivery;
    }

    /// The handler has ended; what becomes of a failed record is decided afterwards.
    fn after(&self, delivery: &Delivery, result: Result<(), &ListenerError>) {
        let _ = (delivery, result);
    }
}

/// All interceptors of an application, in their order.
#[derive(Debug, Clone, Default)]
pub struct Interceptors(Arc<[Arc<dyn Interceptor>]>);

impl FromIterator<Arc<dyn Interceptor>> for Interceptors {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Interceptor>>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl Interceptors {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn before(&self, delivery: &Delivery) {
        for interceptor in &*self.0 {
            for record in delivery.batch() {
                guarded(|| interceptor.before(record));
            }
        }
    }

    /// In the opposite order.
    pub(super) fn after(&self, finished: &Finished) {
        if self.0.is_empty() {
            return;
        }
        let Finished { delivery, result } = finished;
        let outcome = match delivery.companions.as_deref() {
            Some(Companions::Batch { outcome, .. }) => Some(outcome),
            Some(Companions::Left(_)) | None => None,
        };
        for interceptor in self.0.iter().rev() {
            for (index, record) in delivery.batch().enumerate() {
                let failure = match outcome {
                    Some(outcome) => outcome.failure(index),
                    None => result.as_ref().err(),
                };
                guarded(|| interceptor.after(record, failure.map_or(Ok(()), Err)));
            }
        }
    }
}

fn guarded(call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        tracing::error!("an interceptor panicked");
    }
}
