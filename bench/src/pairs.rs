//! Two sides measured in turn.

use crate::error::BenchError;
use crate::meter::Sample;

/// What both sides cost, pair by pair.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) theirs: Vec<Sample>,
    pub(crate) ours: Vec<Sample>,
}

/// The value of a sample that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    Wall,
    Cpu,
    Memory,
    Other,
}

impl Metric {
    fn of(self, sample: &Sample) -> f64 {
        as_f64(match self {
            Self::Wall => sample.wall,
            Self::Cpu => sample.cpu,
            Self::Memory => sample.memory,
            Self::Other => sample.other,
        })
    }
}

impl Pairs {
    /// Runs both sides `count` times in turn, after one pair that warms up; the side that goes first changes.
    pub(crate) fn measure(
        count: u32,
        mut theirs: impl FnMut() -> Result<Sample, BenchError>,
        mut ours: impl FnMut() -> Result<Sample, BenchError>,
    ) -> Result<Self, BenchError> {
        let mut pairs = Self::default();
        for pair in 0..=count {
            let (a, b) = if pair % 2 == 0 {
                let a = theirs()?;
                (a, ours()?)
            } else {
                let b = ours()?;
                (theirs()?, b)
            };
            if pair > 0 {
                pairs.theirs.push(a);
                pairs.ours.push(b);
            }
        }
        Ok(pairs)
    }

    /// The median of the pairs' ratios, theirs by ours: above 1 when ours is the smaller one.
    pub(crate) fn ratio(&self, metric: Metric) -> f64 {
        let ratios = self
            .theirs
            .iter()
            .zip(&self.ours)
            .map(|(theirs, ours)| metric.of(theirs) / metric.of(ours));
        median(ratios.collect())
    }
}

/// Least, median and greatest value.
pub(crate) fn spread(samples: &[Sample], metric: Metric) -> [f64; 3] {
    let mut values: Vec<f64> = samples.iter().map(|sample| metric.of(sample)).collect();
    values.sort_by(f64::total_cmp);
    let ends = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
    [
        ends(values.first()),
        median(values.clone()),
        ends(values.last()),
    ]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => f64::NAN,
        (count, middle) if count % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        (_, middle) => values[middle],
    }
}

/// Nanoseconds and KiB are far below 2^52, where an `f64` is exact.
pub(crate) fn as_f64(value: u64) -> f64 {
    let high = u32::try_from(value >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn sample(wall: u64) -> Sample {
        Sample {
            wall,
            cpu: 0,
            memory: 0,
            other: 0,
            sharers: 0,
        }
    }

    #[test]
    fn sides_take_turns_and_the_first_pair_is_not_counted() {
        let order = RefCell::new(String::new());
        let run = |side: char, wall| {
            order.borrow_mut().push(side);
            Ok(sample(wall))
        };
        let pairs = Pairs::measure(2, || run('t', 30), || run('o', 10)).unwrap();
        assert_eq!(order.into_inner(), "tootto");
        assert_eq!((pairs.theirs.len(), pairs.ours.len()), (2, 2));
    }

    #[test]
    fn the_ratio_is_the_median_of_the_pairs() {
        let pairs = Pairs {
            theirs: [10, 30, 1_000].map(sample).to_vec(),
            ours: [10, 10, 10].map(sample).to_vec(),
        };
        assert!((pairs.ratio(Metric::Wall) - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn large_values_stay_exact() {
        assert!((as_f64(5_000_000_007) - 5_000_000_007.0).abs() < f64::EPSILON);
        assert_eq!(
            spread(&[sample(1), sample(4)], Metric::Wall),
            [1.0, 2.5, 4.0]
        );
    }
}
