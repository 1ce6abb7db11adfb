//! Waiting times between attempts, as written in settings.

use std::fmt;
use std::str::FromStr;

use crate::error::BackOff;

use super::duration::{DurationError, parse_duration, show_duration};

/// Why a text is not a back-off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackOffError {
    /// One of the durations is wrong.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// The longest wait is shorter than the first.
    #[error("the longest wait is shorter than the first")]
    Reversed,
    /// An exponential wait that starts with nothing stays nothing.
    #[error("an exponential back-off cannot start with 0: nothing times {0} stays nothing")]
    Zero(String),
    /// The multiplier is not a number of 1 or more.
    #[error("the multiplier is a number from 1 to 1000, for example \"1s..5m x4\"")]
    Multiplier,
    /// A multiplier without a range.
    #[error("a multiplier needs a longest wait, for example \"1s..5m x4\"")]
    NoRange,
}

const DEFAULT_MULTIPLIER: f64 = 2.0;

impl FromStr for BackOff {
    type Err = BackOffError;

    fn from_str(text: &str) -> Result<Self, BackOffError> {
        let text = text.trim();
        let (waits, multiplier) = match text.rsplit_once(char::is_whitespace) {
            Some((waits, factor)) if factor.starts_with('x') => (waits.trim_end(), Some(factor)),
            _ => (text, None),
        };
        let Some((initial, max)) = waits.split_once("..") else {
            return match multiplier {
                Some(_) => Err(BackOffError::NoRange),
                None => Ok(Self::Fixed(parse_duration(waits)?)),
            };
        };
        let (initial, max) = (parse_duration(initial)?, parse_duration(max)?);
        let multiplier = multiplier.map_or(Ok(DEFAULT_MULTIPLIER), parse_multiplier)?;
        if initial.is_zero() {
            return Err(BackOffError::Zero(multiplier.to_string()));
        }
        if max < initial {
            return Err(BackOffError::Reversed);
        }
        Ok(Self::Exponential {
            initial,
            max,
            multiplier,
        })
    }
}

fn parse_multiplier(text: &str) -> Result<f64, BackOffError> {
    let number = text.strip_prefix('x').unwrap_or(text);
    match number.parse::<f64>() {
        Ok(n) if (1.0..=1_000.0).contains(&n) => Ok(n),
        _ => Err(BackOffError::Multiplier),
    }
}

impl fmt::Display for BackOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(wait) => f.write_str(&show_duration(*wait)),
            Self::Exponential {
                initial,
                max,
                multiplier,
            } => {
                let (initial, max) = (show_duration(*initial), show_duration(*max));
                write!(f, "{initial}..{max} x{multiplier}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn exponential(initial: u64, max: u64, multiplier: f64) -> BackOff {
        BackOff::Exponential {
            initial: Duration::from_millis(initial),
            max: Duration::from_millis(max),
            multiplier,
        }
    }

    #[test]
    fn fixed_and_exponential_waits_are_understood() {
        let fixed = BackOff::Fixed(Duration::from_millis(100));
        assert_eq!("100ms".parse(), Ok(fixed));
        assert_eq!("1s..5m x4".parse(), Ok(exponential(1_000, 300_000, 4.0)));
        assert_eq!("1s..5m".parse(), Ok(exponential(1_000, 300_000, 2.0)));
        assert_eq!(
            "1s .. 5m  x1.5".parse(),
            Ok(exponential(1_000, 300_000, 1.5))
        );
        assert_eq!("0ms".parse(), Ok(BackOff::Fixed(Duration::ZERO)));
    }

    #[test]
    fn a_shown_back_off_reads_back_the_same() {
        for text in ["100ms", "1s..5m x4", "1500ms..1h x1.5"] {
            assert_eq!(text.parse::<BackOff>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn senseless_waits_are_refused_with_the_reason() {
        for (text, error) in [
            ("", BackOffError::Duration(DurationError::Malformed)),
            ("5", BackOffError::Duration(DurationError::NoUnit(5))),
            ("-1s", BackOffError::Duration(DurationError::Negative)),
            ("1s..", BackOffError::Duration(DurationError::Malformed)),
            ("5m..1s", BackOffError::Reversed),
            ("0s..1s", BackOffError::Zero("2".into())),
            ("1s..5m x0.5", BackOffError::Multiplier),
            ("1s..5m x-4", BackOffError::Multiplier),
            ("1s..5m xNaN", BackOffError::Multiplier),
            ("1s..5m xinf", BackOffError::Multiplier),
            ("1s x4", BackOffError::NoRange),
            (
                "1s..5m y4",
                BackOffError::Duration(DurationError::Malformed),
            ),
        ] {
            assert_eq!(text.parse::<BackOff>(), Err(error), "{text}");
        }
    }
}
