//! How long something takes, as counts in buckets that grow with the time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets of each power of two: a quantile is right to an eighth.
const STEPS: u64 = 8;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Eight for each of 32 powers of two of microseconds: up to more than an hour.
const BUCKETS: usize = 8 * 32;

/// Counts of durations; recording one waits for nobody.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: Box<[AtomicU64]>,
    sum_micros: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            sum_micros: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Counts one.
    pub(crate) fn record(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
        if let Some(bucket) = self.buckets.get(bucket_of(micros)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The counts now.
    pub(crate) fn read(&self) -> Quantiles {
        let load = |bucket: &AtomicU64| bucket.load(Ordering::Relaxed);
        Quantiles {
            counts: self.buckets.iter().map(load).collect(),
            sum_micros: self.sum_micros.load(Ordering::Relaxed),
        }
    }
}

/// What a histogram held at one moment.
#[derive(Debug)]
pub(crate) struct Quantiles {
    counts: Vec<u64>,
    sum_micros: u64,
}

impl Quantiles {
    /// How many were counted.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Milliseconds of all together.
    pub(crate) fn sum_millis(&self) -> f64 {
        millis(self.sum_micros)
    }

    /// The milliseconds that a share of them, in thousandths, did not exceed.
    pub(crate) fn at(&self, thousandths: u64) -> f64 {
        let rank = (self.count() * thousandths).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return millis(largest_in(bucket));
            }
        }
        0.0
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a time that is shown need not be exact"
)]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// Times below [`STEPS`] microseconds have a bucket each; then each power of two has [`STEPS`].
fn bucket_of(micros: u64) -> usize {
    if micros < STEPS {
        return usize::try_from(micros).unwrap_or(0);
    }
    let power = micros.ilog2();
    let step = (micros >> (power - STEP_BITS)) & (STEPS - 1);
    let bucket = u64::from(power - STEP_BITS + 1) * STEPS + step;
    usize::try_from(bucket).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

fn largest_in(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(0);
    if bucket < STEPS {
        return bucket;
    }
    let shift = bucket / STEPS - 1;
    let step = bucket % STEPS;
    ((STEPS + step + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_time_lies_in_a_bucket_that_is_right_to_an_eighth(micros in 0_u64..3_600_000_000) {
            let bucket = bucket_of(micros);
            prop_assert!(bucket < BUCKETS);
            let largest = largest_in(bucket);
            prop_assert!(largest >= micros);
            prop_assert!(largest - micros <= micros / 8, "{} of {}", largest, micros);
            prop_assert!(bucket == 0 || largest_in(bucket - 1) < micros);
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let histogram = Histogram::default();
        for millis in 1..=100 {
            histogram.record(Duration::from_millis(millis));
        }
        let read = histogram.read();
        assert_eq!(read.count(), 100);
        assert!((read.sum_millis() - 5050.0).abs() < 0.1);
        for (thousandths, millis) in [(500, 50.0), (990, 99.0), (999, 100.0)] {
            let found = read.at(thousandths);
            assert!(found >= millis && found <= millis * 1.13, "{found}");
        }
        assert!(Histogram::default().read().at(500).abs() < f64::EPSILON);
    }

    #[test]
    fn a_time_beyond_all_buckets_lies_in_the_last() {
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }
}
