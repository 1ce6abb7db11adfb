//! How long to wait before a record is tried again.

use std::fmt;
use std::str::FromStr;
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

/// A text that is no [`BackOff`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackOffError {
    /// Not a time.
    #[error("`{0}` is not a time: write a number and a unit, as in `100ms`, `1s`, `5m`, `2h`")]
    Time(String),
    /// The factor is missing or no number of at least 1.
    #[error("`{0}` is not a factor: write a number of at least 1, as in `1s..5m x4`")]
    Factor(String),
    /// A range without a factor.
    #[error("the factor is missing: write `{0} x2`")]
    NoFactor(String),
    /// The longest wait is shorter than the first.
    #[error("the longest wait of `{0}` is shorter than the first")]
    Range(String),
    /// A growing wait that begins with zero stays zero.
    #[error("the first wait of `{0}` is zero, so it cannot grow")]
    Zero(String),
}

impl FromStr for BackOff {
    type Err = BackOffError;

    fn from_str(text: &str) -> Result<Self, BackOffError> {
        let Some((initial, rest)) = text.split_once("..") else {
            return Ok(Self::Fixed(time(text)?));
        };
        let (max, factor) = rest
            .split_once(['x', '×'])
            .ok_or_else(|| BackOffError::NoFactor(text.trim().into()))?;
        let (initial, max) = (time(initial)?, time(max)?);
        let multiplier = factor
            .trim()
            .parse()
            .ok()
            .filter(|factor: &f64| factor.is_finite() && *factor >= 1.0)
            .ok_or_else(|| BackOffError::Factor(factor.trim().into()))?;
        if max < initial {
            return Err(BackOffError::Range(text.trim().into()));
        }
        if initial.is_zero() {
            return Err(BackOffError::Zero(text.trim().into()));
        }
        Ok(Self::Exponential {
            initial,
            max,
            multiplier,
        })
    }
}

fn time(text: &str) -> Result<Duration, BackOffError> {
    let wrong = || BackOffError::Time(text.trim().into());
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let unit = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    let millis = number.checked_mul(unit).ok_or_else(wrong)?;
    Ok(Duration::from_millis(millis))
}

impl fmt::Display for BackOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(wait) => write!(f, "{wait:?}"),
            Self::Exponential {
                initial,
                max,
                multiplier,
            } => write!(f, "{initial:?}..{max:?} x{multiplier}"),
        }
    }
}

impl<'de> serde::Deserialize<'de> for BackOff {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = BackOff;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a wait such as \"100ms\" or \"1s..5m x4\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<BackOff, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_single_time_is_a_fixed_wait() {
        assert_eq!("100ms".parse(), Ok(BackOff::Fixed(ms(100))));
        assert_eq!(" 2 h ".parse(), Ok(BackOff::Fixed(ms(7_200_000))));
        assert_eq!("0ms".parse(), Ok(BackOff::NONE));
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

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text: &str| text.parse::<BackOff>().unwrap_err();
        assert_eq!(error("100"), BackOffError::Time("100".into()));
        assert_eq!(error(""), BackOffError::Time(String::new()));
        assert_eq!(error("5 minutes"), BackOffError::Time("5 minutes".into()));
        assert_eq!(error("1s..5m"), BackOffError::NoFactor("1s..5m".into()));
        assert_eq!(error("1s..5m x0.5"), BackOffError::Factor("0.5".into()));
        assert_eq!(error("1s..5m xNaN"), BackOffError::Factor("NaN".into()));
        assert_eq!(error("5m..1s x2"), BackOffError::Range("5m..1s x2".into()));
        assert_eq!(error("0s..1s x2"), BackOffError::Zero("0s..1s x2".into()));
        assert_eq!(
            error("99999999999999999999d"),
            BackOffError::Time("99999999999999999999d".into())
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            let _ = text.parse::<BackOff>();
        }

        #[test]
        fn what_was_parsed_never_overflows(
            initial in 1_u64..1_000_000, more in 0_u64..u64::from(u32::MAX), factor in 1.0..1e6_f64, failures in any::<u32>(),
        ) {
            let max = initial + more;
            let back_off: BackOff = format!("{initial}ms..{max}ms x{factor}").parse().unwrap();
            prop_assert!(back_off.delay(failures) <= ms(max));
        }
    }
}
