//! How long to wait before a record is tried again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::Duration;

use super::schedule;

/// The waiting times between the attempts of one record.
///
/// In settings and attributes it is written `"100ms"` for a fixed wait and `"1s..5m x4"` for one
/// that begins with a second and is four times as long each time, up to five minutes. Units are
/// `ms`, `s`, `m`, `h` and `d`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BackOff {
    /// The same wait before each attempt.
    Fixed(Duration),
    /// A wait that grows from `initial` by `multiplier` up to `max`.
    Exponential {
        /// The first wait.
        initial: Duration,
        /// The longest wait.
        max: Duration,
        /// What each wait is multiplied by, at least 1.
        multiplier: f64,
    },
}

impl BackOff {
    /// No waiting at all: Spring's default for its `DefaultErrorHandler`.
    pub const NONE: Self = Self::Fixed(Duration::ZERO);

    /// The wait after that many failed deliveries of a record, from 1.
    #[must_use]
    pub fn delay(&self, failures: u32) -> Duration {
        match *self {
            Self::Fixed(wait) => wait,
            Self::Exponential {
                initial,
                max,
                multiplier,
            } => schedule::exponential(initial, max, multiplier, failures),
        }
    }
}

/// A wait, off by up to that share of it.
pub(super) fn jittered(wait: Duration, share: f64) -> Duration {
    if share <= 0.0 {
        return wait;
    }
    // A hasher's keys are random: no generator is needed for this.
    let random = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or(0);
    let off = f64::from(random) / f64::from(u32::MAX) * 2.0 - 1.0;
    let factor = (1.0 + off * share.min(1.0)).max(0.0);
    Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(wait)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_range_with_a_factor_grows() {
        let back_off: BackOff = "1s..5m x4".parse().unwrap();
        let waits: Vec<_> = (1..=6).map(|n| back_off.delay(n)).collect();
        let expected = [1_000, 4_000, 16_000, 64_000, 256_000, 300_000].map(ms);
        for (wait, expected) in waits.iter().zip(expected) {
            assert!(wait.abs_diff(expected) < ms(1), "{waits:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_parsed_never_overflows(
            initial in 1_u64..1_000_000, more in 0_u64..u64::from(u32::MAX), factor in 1.0..1e3_f64, failures in any::<u32>(),
        ) {
            let max = initial + more;
            let back_off: BackOff = format!("{initial}ms..{max}ms x{factor}").parse().unwrap();
            prop_assert!(back_off.delay(failures) <= ms(max));
        }
    }
}
