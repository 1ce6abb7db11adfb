//! Sizes as text: `512B`, `16KiB`, `1MB`.

/// Why a text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SizeError {
    /// A number without a unit.
    #[error("a size needs a unit: B, KB, MB, GB, KiB, MiB or GiB, for example \"{0}B\"")]
    NoUnit(u64),
    /// A number and something that is no unit.
    #[error(
        "not a size: write a whole number and one of B, KB, MB, GB, KiB, MiB, GiB without a space, for example \"16KiB\""
    )]
    Malformed,
    /// Less than nothing.
    #[error("a size cannot be negative")]
    Negative,
    /// More bytes than can be counted.
    #[error("a size cannot be larger than 8,589,934,591 GiB")]
    TooLarge,
}

/// `KB` is 1,000 bytes and `KiB` 1,024, as the IEC has it.
const UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];
const LARGEST: u64 = 8_589_934_591 << 30;

/// Reads a size such as `512B`, `16KiB` (16,384 bytes) or `1MB` (1,000,000 bytes), in bytes.
///
/// # Errors
/// A missing or unknown unit, a sign, or more than fits in 63 bits.
pub fn parse_size(text: &str) -> Result<u64, SizeError> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(SizeError::Negative);
    }
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(SizeError::Malformed);
    }
    let number: u64 = number.parse().map_err(|_| SizeError::TooLarge)?;
    if unit.is_empty() {
        return Err(SizeError::NoUnit(number));
    }
    let (_, factor) = UNITS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        .ok_or(SizeError::Malformed)?;
    number
        .checked_mul(*factor)
        .filter(|bytes| *bytes <= LARGEST)
        .ok_or(SizeError::TooLarge)
}

/// A size for people: the largest unit of which there is at least one.
pub(crate) fn show_size(bytes: u64) -> String {
    let units = UNITS.iter().rev().filter(|(name, _)| name.ends_with("iB"));
    let mut fitting = units.filter(|(_, factor)| bytes >= *factor);
    match fitting.next() {
        None => format!("{bytes} B"),
        Some((unit, factor)) => {
            let tenths = bytes.saturating_mul(10) / factor;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_and_binary_units_are_understood() {
        for (text, bytes) in [
            ("0B", 0),
            ("512b", 512),
            ("16KiB", 16_384),
            ("16kb", 16_000),
            ("1MB", 1_000_000),
            ("2MiB", 2_097_152),
            ("3GiB", 3_221_225_472),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_unit() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_572_864, "1.5 MiB"),
            (5 << 30, "5.0 GiB"),
        ] {
            assert_eq!(show_size(bytes), shown);
        }
    }

    #[test]
    fn a_bare_number_is_told_to_add_a_unit() {
        assert_eq!(parse_size("1000"), Err(SizeError::NoUnit(1000)));
    }

    #[test]
    fn malformed_negative_and_overflowing_sizes_are_refused() {
        for text in ["", "KB", "1 MB", "1.5MB", "1TB", "1é"] {
            assert_eq!(parse_size(text), Err(SizeError::Malformed), "{text}");
        }
        assert_eq!(parse_size("-1MB"), Err(SizeError::Negative));
        for text in [
            "18446744073709551616B",
            "18446744073709551615GiB",
            "9999999999GiB",
        ] {
            assert_eq!(parse_size(text), Err(SizeError::TooLarge), "{text}");
        }
    }
}
