//! Durations as text: `500ms`, `5s`, `2m`, `1h`, `1d`, and ISO 8601 such as `PT1M30S`.

use std::time::Duration;

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// A number without a unit.
    #[error("a duration needs a unit: ms, s, m, h or d, for example \"{0}s\"")]
    NoUnit(u64),
    /// A number and something that is no unit.
    #[error(
        "not a duration: write a whole number and one of ms, s, m, h, d without a space, for example \"5s\""
    )]
    Malformed,
    /// Less than nothing.
    #[error("a duration cannot be negative")]
    Negative,
    /// More than can be counted.
    #[error("a duration cannot be longer than 1,000 years")]
    TooLong,
}

const SECONDS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
const LONGEST: Duration = Duration::from_secs(1_000 * 365 * 86_400);

/// Reads a duration such as `500ms`, `5s`, `2m`, `1h`, `1d` or `PT1M30S`.
///
/// # Errors
/// A missing or unknown unit, a sign, or more than 1,000 years.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(DurationError::Negative);
    }
    let duration = match text.strip_prefix(['P', 'p']) {
        Some(iso) => parse_iso(iso)?,
        None => parse_simple(text)?,
    };
    if duration > LONGEST {
        return Err(DurationError::TooLong);
    }
    Ok(duration)
}

fn parse_simple(text: &str) -> Result<Duration, DurationError> {
    let (number, unit) = split_number(text)?;
    match unit {
        "" => Err(DurationError::NoUnit(number)),
        "ms" => Ok(Duration::from_millis(number)),
        _ => seconds(number, unit),
    }
}

fn parse_iso(text: &str) -> Result<Duration, DurationError> {
    let (date, time) = text.split_once(['T', 't']).unwrap_or((text, ""));
    if (date.is_empty() && time.is_empty()) || text.ends_with(['T', 't']) {
        return Err(DurationError::Malformed);
    }
    let mut total = Duration::ZERO;
    for (part, units) in [(date, "D"), (time, "HMS")] {
        let mut rest = part;
        let mut allowed = units;
        while !rest.is_empty() {
            let (number, after) = split_number(rest)?;
            let unit = after.get(..1).ok_or(DurationError::Malformed)?;
            let place = allowed.find(&unit.to_ascii_uppercase());
            let place = place.ok_or(DurationError::Malformed)?;
            allowed = &allowed[place + 1..];
            let part = seconds(number, &unit.to_ascii_lowercase())?;
            total = total.checked_add(part).ok_or(DurationError::TooLong)?;
            rest = &after[1..];
        }
    }
    Ok(total)
}

fn split_number(text: &str) -> Result<(u64, &str), DurationError> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    if rest.starts_with('-') {
        return Err(DurationError::Negative);
    }
    if number.is_empty() {
        return Err(DurationError::Malformed);
    }
    let number = number.parse().map_err(|_| DurationError::TooLong)?;
    Ok((number, rest))
}

fn seconds(number: u64, unit: &str) -> Result<Duration, DurationError> {
    let (_, factor) = SECONDS
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or(DurationError::Malformed)?;
    let seconds = number.checked_mul(*factor).ok_or(DurationError::TooLong)?;
    Ok(Duration::from_secs(seconds))
}

/// A duration as it would be written: the largest unit that needs no fraction.
pub(crate) fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    for (unit, factor) in SECONDS.iter().rev() {
        let factor = u128::from(*factor) * 1_000;
        if millis >= factor && millis.is_multiple_of(factor) {
            return format!("{}{unit}", millis / factor);
        }
    }
    format!("{millis}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_iso_8601_are_understood() {
        for (text, millis) in [
            ("500ms", 500),
            ("0s", 0),
            ("5s", 5_000),
            (" 2m ", 120_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("PT5S", 5_000),
            ("pt1m30s", 90_000),
            ("P1DT2H", 93_600_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_bare_number_is_told_to_add_a_unit() {
        let error = parse_duration("5").unwrap_err();
        assert_eq!(error, DurationError::NoUnit(5));
        assert!(error.to_string().contains("\"5s\""), "{error}");
    }

    #[test]
    fn spaces_words_fractions_and_half_iso_texts_are_refused() {
        for text in [
            "", "5 sec", "5 s", "5sec", "1.5s", "s", "P", "PT", "PT5", "PT5X", "P5", "PTS", "P5S",
            "PT5S3M", "PT5é", "5é", "5S", "∞",
        ] {
            assert_eq!(
                parse_duration(text),
                Err(DurationError::Malformed),
                "{text}"
            );
        }
    }

    #[test]
    fn negative_and_endless_durations_are_refused() {
        assert_eq!(parse_duration("-1s"), Err(DurationError::Negative));
        assert_eq!(parse_duration("PT-5S"), Err(DurationError::Negative));
        for text in [
            "18446744073709551616s",
            "18446744073709551615d",
            "99999999999h",
            "PT18446744073709551615S",
            "P213503982334601DT18446744073709551615S",
        ] {
            assert_eq!(parse_duration(text), Err(DurationError::TooLong), "{text}");
        }
    }

    #[test]
    fn a_shown_duration_reads_back_the_same() {
        for text in ["1500ms", "0ms", "90s", "5m", "1h", "2d"] {
            assert_eq!(show_duration(parse_duration(text).unwrap()), text);
        }
    }
}
