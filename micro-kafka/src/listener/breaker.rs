//! Stops a listener for a while when too much fails.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::AckToken;
use crate::error::BackOff;

/// When a listener stops for a while: more than half of the last attempts failed.
///
/// Only failures that another attempt may mend are counted: neither records that cannot be read nor
/// errors that say `dead_letter` or `skip`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSpec {
    /// How many attempts are looked at.
    pub window: usize,
    /// How long nothing is begun, by how often in a row the probe failed.
    pub wait: BackOff,
}

impl Default for BreakerSpec {
    fn default() -> Self {
        Self {
            window: 20,
            wait: BackOff::Exponential {
                initial: Duration::from_secs(5),
                max: Duration::from_secs(60),
                multiplier: 2.0,
            },
        }
    }
}

/// What an ended attempt says of whatever its handler depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Well,
    Broken,
}

/// What an ended attempt changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Opened { until: Instant },
    Closed,
}

/// Whether records may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Closed,
    /// None until then; then one, the probe.
    Open {
        until: Instant,
    },
    /// None until that one has ended.
    Probing(AckToken),
}

/// The state of a breaker; whoever calls it brings the time.
#[derive(Debug)]
pub(super) struct Breaker {
    spec: BreakerSpec,
    recent: VecDeque<Sign>,
    phase: Phase,
    /// How often in a row it was opened.
    opened: u32,
    /// Whether attempts are counted, or it opens only when it is told to.
    counts: bool,
    /// How often in a row it was told to, without a record that was handled well between.
    tripped: u32,
}

impl Breaker {
    pub(super) fn new(spec: BreakerSpec) -> Self {
        Self {
            spec,
            recent: VecDeque::new(),
            phase: Phase::Closed,
            opened: 0,
            counts: true,
            tripped: 0,
        }
    }

    /// One that opens only when it is told to.
    pub(super) fn by_order() -> Self {
        Self {
            counts: false,
            ..Self::new(BreakerSpec::default())
        }
    }

    /// Opens it, whatever attempts say.
    pub(super) fn trip(&mut self, now: Instant) -> Change {
        self.tripped = self.tripped.saturating_add(1);
        let until = now + self.spec.wait.delay(self.tripped);
        self.phase = Phase::Open { until };
        Change::Opened { until }
    }

    /// A record was handled well.
    pub(super) fn forgive(&mut self) {
        self.tripped = 0;
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// A record begins, if it may: after the wait it is the probe.
    pub(super) fn begin(&mut self, now: Instant, token: AckToken) -> bool {
        match self.phase {
            Phase::Closed => true,
            Phase::Open { until } if until <= now => {
                self.phase = Phase::Probing(token);
                true
            }
            Phase::Open { .. } | Phase::Probing(_) => false,
        }
    }

    /// An attempt has ended. While the breaker is not closed, the probe alone decides.
    pub(super) fn ended(
        &mut self,
        now: Instant,
        token: AckToken,
        signs: impl IntoIterator<Item = Sign>,
    ) -> Option<Change> {
        match self.phase {
            Phase::Closed if !self.counts => None,
            Phase::Closed => {
                for sign in signs {
                    self.recent.push_back(sign);
                    if self.recent.len() > self.spec.window {
                        self.recent.pop_front();
                    }
                }
                (self.broken() * 2 > self.spec.window).then(|| self.open(now))
            }
            Phase::Probing(probe) if probe == token => {
                match signs.into_iter().any(|sign| sign == Sign::Broken) {
                    true => Some(self.open(now)),
                    false => {
                        self.phase = Phase::Closed;
                        self.opened = 0;
                        self.recent.clear();
                        Some(Change::Closed)
                    }
                }
            }
            Phase::Open { .. } | Phase::Probing(_) => None,
        }
    }

    /// An attempt was given up: if it was the probe, the next record is.
    pub(super) fn lost(&mut self, now: Instant, token: AckToken) {
        if self.phase == Phase::Probing(token) {
            self.phase = Phase::Open { until: now };
        }
    }

    fn broken(&self) -> usize {
        let broken = self.recent.iter().filter(|sign| **sign == Sign::Broken);
        broken.count()
    }

    fn open(&mut self, now: Instant) -> Change {
        self.opened = self.opened.saturating_add(1);
        let until = now + self.spec.wait.delay(self.opened);
        self.phase = Phase::Open { until };
        Change::Opened { until }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(offset: i64) -> AckToken {
        AckToken {
            slot: 0,
            epoch: 1,
            offset,
            lane: 0,
        }
    }

    fn breaker() -> Breaker {
        Breaker::new(BreakerSpec {
            window: 20,
            wait: "1s..4s x2".parse().unwrap(),
        })
    }

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn more_than_half_of_the_last_twenty_open_it() {
        let (mut breaker, now) = (breaker(), Instant::now());
        for round in 0..100 {
            let sign = [Sign::Broken, Sign::Well][round % 2];
            assert_eq!(breaker.ended(now, token(0), [sign]), None, "half of them");
        }
        let until = now + secs(1);
        let opened = Some(Change::Opened { until });
        assert_eq!(breaker.ended(now, token(0), [Sign::Broken; 2]), opened);
        assert_eq!(breaker.phase(), Phase::Open { until });
    }

    #[test]
    fn the_probe_alone_decides_and_waits_grow() {
        let (mut breaker, mut now) = (breaker(), Instant::now());
        breaker.ended(now, token(0), [Sign::Broken; 11]);
        for wait in [1, 2, 4, 4] {
            let until = now + secs(wait);
            assert_eq!(breaker.phase(), Phase::Open { until });
            assert!(!breaker.begin(now, token(1)), "too early");
            now = until;
            assert!(breaker.begin(now, token(2)));
            assert!(!breaker.begin(now, token(3)));
            assert_eq!(breaker.ended(now, token(3), [Sign::Well]), None);
            assert_eq!(breaker.phase(), Phase::Probing(token(2)));
            assert!(breaker.ended(now, token(2), [Sign::Broken]).is_some());
        }
        now += secs(4);
        breaker.begin(now, token(2));
        assert_eq!(
            breaker.ended(now, token(2), [Sign::Well]),
            Some(Change::Closed)
        );
        let again = breaker.ended(now, token(4), [Sign::Broken; 11]);
        assert_eq!(
            again,
            Some(Change::Opened {
                until: now + secs(1)
            }),
            "from the first wait"
        );
    }

    #[test]
    fn a_lost_probe_leaves_its_place_to_the_next_record() {
        let (mut breaker, now) = (breaker(), Instant::now());
        breaker.ended(now, token(0), [Sign::Broken; 11]);
        let later = now + secs(1);
        assert!(breaker.begin(later, token(1)));
        breaker.lost(later, token(7));
        assert_eq!(breaker.phase(), Phase::Probing(token(1)));
        breaker.lost(later, token(1));
        assert!(breaker.begin(later, token(2)));
        assert_eq!(breaker.phase(), Phase::Probing(token(2)));
    }

    proptest! {
        #[test]
        fn it_opens_exactly_when_more_than_half_of_the_window_failed(
            signs in proptest::collection::vec(any::<bool>(), 0..200), window in 2_usize..40,
        ) {
            let spec = BreakerSpec { window, ..BreakerSpec::default() };
            let (mut breaker, now) = (Breaker::new(spec), Instant::now());
            for (at, broken) in signs.iter().enumerate() {
                let sign = if *broken { Sign::Broken } else { Sign::Well };
                let changed = breaker.ended(now, token(0), [sign]);
                let last = &signs[(at + 1).saturating_sub(window)..=at];
                let broken = last.iter().filter(|broken| **broken).count();
                prop_assert_eq!(changed.is_some(), broken * 2 > window);
                if changed.is_some() {
                    break;
                }
            }
        }
    }
}
