//! How fast records are sent.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::clock::Clock;

/// The most records of one transaction.
const BATCH: usize = 500;

/// Keeps a replay at its rate. Time that nothing was sent in is not made up for.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Option<NonZeroU32>,
    clock: Clock,
    /// When the next records may be sent.
    next: Instant,
}

impl Pace {
    pub(super) fn new(rate: Option<NonZeroU32>, clock: &Clock) -> Self {
        Self {
            rate,
            next: clock.now(),
            clock: clock.clone(),
        }
    }

    /// How many records may go at once: at a rate, those of a tenth of a second.
    pub(super) fn batch(&self) -> usize {
        let tenth = self.rate.map(|rate| rate.get() / 10);
        let tenth = tenth.and_then(|tenth| usize::try_from(tenth).ok());
        tenth.map_or(BATCH, |tenth| tenth.clamp(1, BATCH))
    }

    /// Waits until the time of the records before these is over.
    pub(super) async fn wait_for(&mut self, records: usize) {
        let Some(rate) = self.rate else {
            return;
        };
        self.clock.sleep_until(self.next).await;
        let records = u32::try_from(records).unwrap_or(u32::MAX);
        let takes = Duration::from_secs(1) * records / rate.get();
        self.next = self.next.max(self.clock.now()) + takes;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn each_batch_waits_for_the_time_of_those_before_it() {
        let clock = Clock::manual();
        let begun = clock.now();
        let mut pace = Pace::new(NonZeroU32::new(50), &clock);
        assert_eq!(pace.batch(), 5);
        for batch in 0..4_u64 {
            clock.advance_to(
                begun + Duration::from_millis(batch * 100).saturating_sub(Duration::from_millis(1)),
            );
            if batch > 0 {
                assert!(pace.wait_for(0).now_or_never().is_none(), "{batch}");
            }
            clock.advance_to(begun + Duration::from_millis(batch * 100));
            assert!(pace.wait_for(5).now_or_never().is_some(), "{batch}");
        }
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let mut pace = Pace::new(None, &Clock::manual());
        for _ in 0..3 {
            assert!(pace.wait_for(pace.batch()).now_or_never().is_some());
        }
    }
}
