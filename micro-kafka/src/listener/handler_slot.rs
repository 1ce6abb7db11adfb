//! Memory for handlers that are ready at once, used again from record to record.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{Finished, HandlerFuture};

/// What the first poll of a handler came to: its end, or what has to be waited for.
pub type Started = Result<Finished, HandlerFuture>;

/// The place where a consumer polls its handlers for the first time.
///
/// A handler that is ready then leaves its memory to the next one; a handler that has to wait takes
/// it along.
#[derive(Default)]
pub struct HandlerSlot {
    kept: Option<Box<dyn Any + Send>>,
    /// Handlers are not polled here at all.
    unpolled: bool,
}

impl HandlerSlot {
    /// A place where handlers are made, to be polled elsewhere.
    pub(super) fn unpolled() -> Self {
        Self {
            kept: None,
            unpolled: true,
        }
    }

    /// Polls a handler once.
    #[inline]
    pub fn start<F>(&mut self, handler: F) -> Started
    where
        F: Future<Output = Finished> + Send + 'static,
    {
        if self.unpolled {
            return Err(Box::pin(handler));
        }
        // Both are taken out, so that a panic leaves no half-done handler behind.
        let mut kept = self.take::<F>();
        let mut handler = match kept.take() {
            Some(mut memory) => {
                memory.as_mut().set(handler);
                memory
            }
            None => Box::pin(handler),
        };
        let context = &mut Context::from_waker(Waker::noop());
        let started = match handler.as_mut().poll(context) {
            Poll::Ready(finished) => {
                *kept = Some(handler);
                Ok(finished)
            }
            Poll::Pending => Err(handler as HandlerFuture),
        };
        self.kept = Some(kept);
        started
    }

    /// Where the memory of a handler of this type is kept.
    fn take<F: Send + 'static>(&mut self) -> Box<Kept<F>> {
        let kept = self.kept.take().and_then(|kept| kept.downcast().ok());
        kept.unwrap_or_default()
    }
}

/// The memory of the last handler of a type, if it was ready.
type Kept<F> = Option<Pin<Box<F>>>;

impl fmt::Debug for HandlerSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandlerSlot")
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use allocation_counter::measure;
    use futures_util::FutureExt;

    use super::*;
    use crate::__private::v1::Detached;
    use crate::listener::{Delivery, States};
    use crate::record::OwnedRecord;

    #[derive(Clone, Copy)]
    enum Way {
        Ready,
        Waiting,
        Panicking,
    }

    async fn handle(delivery: Delivery, way: Way) -> Finished {
        match way {
            Way::Ready => {}
            Way::Waiting => tokio::task::yield_now().await,
            Way::Panicking => panic!("as planned"),
        }
        Finished {
            delivery,
            result: Ok(()),
        }
    }

    fn delivery(offset: i64) -> Delivery {
        let detached = Detached::new("test", "", States::default());
        detached.delivery(OwnedRecord::new("orders", 0, offset), 1)
    }

    #[test]
    fn ready_handlers_share_their_memory() {
        let mut slot = HandlerSlot::default();
        let mut last = slot.start(handle(delivery(1), Way::Ready)).ok();
        let counted = measure(|| {
            for _ in 0..100 {
                let delivery = last.take().map(|finished| finished.delivery);
                last = delivery.and_then(|it| slot.start(handle(it, Way::Ready)).ok());
            }
        });
        assert_eq!(counted.count_total, 0);
        assert_eq!(last.unwrap().delivery.record().offset(), 1);
        let other = async { handle(delivery(2), Way::Ready).await };
        assert!(slot.start(other).is_ok(), "a handler of another type");
    }

    #[test]
    fn a_handler_that_waits_keeps_its_memory_and_one_that_panics_leaves_none() {
        let mut slot = HandlerSlot::default();
        assert!(slot.start(handle(delivery(1), Way::Ready)).is_ok());
        let waiting = slot.start(handle(delivery(2), Way::Waiting)).err();
        let next = slot.start(handle(delivery(3), Way::Ready)).ok().unwrap();
        assert_eq!(next.delivery.record().offset(), 3);
        let panicking = handle(delivery(4), Way::Panicking);
        let panicked = catch_unwind(AssertUnwindSafe(|| slot.start(panicking).is_ok()));
        assert!(panicked.is_err());
        let after = slot.start(handle(delivery(5), Way::Ready)).ok().unwrap();
        assert_eq!(after.delivery.record().offset(), 5);
        let waited = waiting.and_then(FutureExt::now_or_never).unwrap();
        assert_eq!(waited.delivery.record().offset(), 2);
    }
}
