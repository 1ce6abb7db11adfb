//! Durations such as `P1DT2H3M4.5S`.

/// The parts in their order: whether they stand after the `T`, and their nanoseconds.
const UNITS: [(u8, bool, i128); 4] = [
    (b'D', false, 86_400_000_000_000),
    (b'H', true, 3_600_000_000_000),
    (b'M', true, 60_000_000_000),
    (b'S', true, 1_000_000_000),
];

/// The nanoseconds of a duration as ISO 8601 writes it, with days as the largest unit.
pub(super) fn nanoseconds(text: &str) -> Option<i128> {
    let text = text.to_ascii_uppercase();
    let (text, sign) = signed(&text);
    let mut rest = text.strip_prefix('P')?;
    let mut units = UNITS.iter();
    let (mut total, mut parts, mut after_t) = (0_i128, 0, false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|_| !after_t) {
            (rest, after_t, parts) = (time, true, 0);
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let unit = rest.as_bytes()[end];
        let (_, _, nanoseconds) = units.find(|(u, t, _)| *u == unit && *t == after_t)?;
        total = total.checked_add(part(&rest[..end], *nanoseconds, unit == b'S')?)?;
        rest = &rest[end + 1..];
        parts += 1;
    }
    (parts > 0).then_some(sign * total)
}

fn signed(text: &str) -> (&str, i128) {
    match text.strip_prefix('-') {
        Some(rest) => (rest, -1),
        None => (text.strip_prefix('+').unwrap_or(text), 1),
    }
}

/// The nanoseconds of one part; only seconds may have a fraction, of nine digits at most.
fn part(number: &str, unit: i128, with_fraction: bool) -> Option<i128> {
    let (number, sign) = signed(number);
    let (whole, fraction) = match number.split_once(['.', ',']) {
        Some((whole, fraction)) if with_fraction && fraction.len() <= 9 => (whole, fraction),
        Some(_) => return None,
        None => (number, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = whole.parse::<i64>().ok()?;
    let fraction = format!("{fraction:0<9}").parse::<i128>().ok()?;
    Some(sign * (i128::from(whole).checked_mul(unit)? + fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_order_with_sign_and_fraction() {
        let second = 1_000_000_000;
        let cases = [
            ("PT1S", Some(second)),
            ("pt1h", Some(3600 * second)),
            ("+PT1H", Some(3600 * second)),
            ("P1D", Some(86_400 * second)),
            ("P1DT2H3M4.5S", Some(93_784 * second + second / 2)),
            ("PT0S", Some(0)),
            ("-PT1H", Some(-3600 * second)),
            ("PT-1H", Some(-3600 * second)),
            ("", None),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("1h", None),
            ("P1Y", None),
            ("P1W", None),
            ("P1H", None),
            ("PT1D", None),
            ("PT1M1H", None),
            ("PT1H2H", None),
            ("PTS", None),
            ("PT1.5H", None),
            ("PT1.1234567890S", None),
            ("PT1é", None),
            ("P99999999999999999999D", None),
        ];
        for (text, expected) in cases {
            assert_eq!(nanoseconds(text), expected, "{text}");
        }
    }
}
