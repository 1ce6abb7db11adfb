//! The growth of waiting times: the one place that knows the crate `backoff`.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;

/// From here on the wait is computed in one step, so that a late attempt costs no long loop.
const STEPS: u32 = 64;

/// The wait after that many failures, from 1; never above `max`.
pub(super) fn exponential(
    initial: Duration,
    max: Duration,
    multiplier: f64,
    failures: u32,
) -> Duration {
    let multiplier = if multiplier.is_finite() {
        multiplier.max(1.0)
    } else {
        1.0
    };
    if failures > STEPS {
        return late(initial, max, multiplier, failures);
    }
    let mut schedule = ExponentialBackoff {
        current_interval: initial.min(max),
        initial_interval: initial.min(max),
        randomization_factor: 0.0,
        multiplier,
        max_interval: max,
        // Attempts are counted by the error handler, not by time.
        max_elapsed_time: None,
        ..ExponentialBackoff::default()
    };
    let mut wait = initial;
    for _ in 0..failures.max(1) {
        wait = schedule.next_backoff().unwrap_or(max);
    }
    wait.min(max)
}

fn late(initial: Duration, max: Duration, multiplier: f64, failures: u32) -> Duration {
    let seconds = initial.as_secs_f64() * multiplier.powf(f64::from(failures - 1));
    Duration::try_from_secs_f64(seconds).unwrap_or(max).min(max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits: Vec<_> = (1..=7)
            .map(|n| exponential(ms(100), ms(2_000), 2.0, n))
            .collect();
        let expected = [100, 200, 400, 800, 1_600, 2_000, 2_000].map(ms);
        for (wait, expected) in waits.iter().zip(expected) {
            assert!(wait.abs_diff(expected) < ms(1), "{waits:?}");
        }
    }

    #[test]
    fn both_ways_of_computing_agree_where_they_meet() {
        let (initial, max) = (ms(1), Duration::from_secs(3_600));
        let stepped = exponential(initial, max, 1.1, STEPS);
        let next = exponential(initial, max, 1.1, STEPS + 1);
        assert!(
            stepped.mul_f64(1.1).abs_diff(next) < ms(1),
            "{stepped:?} {next:?}"
        );
    }

    proptest! {
        #[test]
        fn no_wait_is_above_the_longest_or_panics(
            initial in any::<u64>(), max in any::<u64>(), multiplier in any::<f64>(), failures in any::<u32>(),
        ) {
            let (initial, max) = (Duration::from_nanos(initial), Duration::from_nanos(max));
            prop_assert!(exponential(initial, max, multiplier, failures) <= max);
        }

        #[test]
        fn waits_never_shrink(initial in 1_u64..100_000, multiplier in 1.0..10.0_f64, failures in 1_u32..200) {
            let max = Duration::from_secs(86_400);
            let wait = |n| exponential(ms(initial), max, multiplier, n);
            prop_assert!(wait(failures) <= wait(failures + 1) + Duration::from_micros(1));
        }
    }
}
