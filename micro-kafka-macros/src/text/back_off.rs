//! `"100ms"` and `"1s..5m x4"`: the same grammar as in the settings.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

use super::has_placeholder;
use crate::crate_path::Support;

/// The waits between attempts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum BackOff {
    Fixed(Duration),
    Exponential {
        initial: Duration,
        max: Duration,
        multiplier: f64,
    },
}

const EXAMPLE: &str = "write `\"100ms\"`, or `\"1s..5m x4\"` for a wait that grows";
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];
/// A thousand years: whatever is longer is a mistake.
const LONGEST: u64 = 1_000 * 365 * 86_400_000;

/// Reads a back-off.
pub(crate) fn back_off(text: &str) -> Result<BackOff, String> {
    if has_placeholder(text) {
        return Err(
            "a back-off cannot hold placeholders: set it under `[kafka.listeners.<id>.retry]`"
                .into(),
        );
    }
    let text = text.trim();
    let (waits, factor) = match text.rsplit_once(char::is_whitespace) {
        Some((waits, factor)) if factor.starts_with('x') => (waits.trim_end(), Some(factor)),
        _ => (text, None),
    };
    let Some((initial, max)) = waits.split_once("..") else {
        return match factor {
            Some(_) => Err(format!("a multiplier needs a longest wait; {EXAMPLE}")),
            None => duration(waits).map(BackOff::Fixed),
        };
    };
    let (initial, max) = (duration(initial)?, duration(max)?);
    if initial.is_zero() {
        return Err("a wait that grows cannot start with 0".into());
    }
    if max < initial {
        return Err("the longest wait is shorter than the first".into());
    }
    Ok(BackOff::Exponential {
        initial,
        max,
        multiplier: factor.map_or(Ok(2.0), multiplier)?,
    })
}

fn multiplier(text: &str) -> Result<f64, String> {
    let number = text.trim_start_matches('x').parse::<f64>().ok();
    number
        .filter(|number| (1.0..=1_000.0).contains(number))
        .ok_or_else(|| format!("the multiplier is a number from 1 to 1000; {EXAMPLE}"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    if number.is_empty() {
        return Err(format!("`{text}` is not a duration; {EXAMPLE}"));
    }
    let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("`{text}` lacks a unit: one of ms, s, m, h, d"));
    };
    let millis = number.parse::<u64>().ok();
    millis
        .and_then(|number| number.checked_mul(*factor))
        .filter(|millis| *millis <= LONGEST)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is longer than 1000 years"))
}

/// Reads a duration, as its milliseconds.
pub(crate) fn millis(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let read = match has_placeholder(text) {
        true => Err(String::from(
            "a duration cannot hold placeholders: set it under `[kafka.listeners.<id>]`",
        )),
        false => duration(text),
    };
    read.map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

impl BackOff {
    /// As an expression of the framework's type.
    pub(crate) fn tokens(self, support: &Support) -> TokenStream {
        let wait = |wait: Duration| {
            let (secs, nanos) = (wait.as_secs(), wait.subsec_nanos());
            quote!(#support::Duration::new(#secs, #nanos))
        };
        match self {
            Self::Fixed(delay) => {
                let delay = wait(delay);
                quote!(#support::BackOff::Fixed(#delay))
            }
            Self::Exponential {
                initial,
                max,
                multiplier,
            } => {
                let (initial, max) = (wait(initial), wait(max));
                quote!(#support::BackOff::Exponential {
                    initial: #initial,
                    max: #max,
                    multiplier: #multiplier,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_and_growing_waits_are_understood() {
        let fixed = |millis| Ok(BackOff::Fixed(Duration::from_millis(millis)));
        assert_eq!(back_off("100ms"), fixed(100));
        assert_eq!(back_off("0s"), fixed(0));
        for (text, multiplier) in [("1s..5m x4", 4.0), ("1s .. 5m", 2.0), ("1s..5m x1.5", 1.5)] {
            let growing = BackOff::Exponential {
                initial: Duration::from_secs(1),
                max: Duration::from_secs(300),
                multiplier,
            };
            assert_eq!(back_off(text), Ok(growing), "{text}");
        }
    }

    #[test]
    fn senseless_waits_are_refused() {
        for text in [
            "",
            "5",
            "5 sec",
            "-1s",
            "1s..",
            "5m..1s",
            "0s..1s",
            "1s x4",
            "1s..5m x0.5",
            "1s..5m xNaN",
            "1s..5m xinf",
            "99999999999999999999s",
            "${wait:1s}",
            "365001d",
        ] {
            assert!(back_off(text).is_err(), "{text}");
        }
    }
}
