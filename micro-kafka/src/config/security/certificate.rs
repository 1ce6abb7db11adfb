//! Until when a certificate is valid: as much of X.509 as that takes.

use std::time::{Duration, SystemTime};

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When the first certificate of a PEM text ends, and that moment as a text; `None` if it cannot be
/// told.
pub(super) fn not_after(pem: &str) -> Option<(SystemTime, String)> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let der = base64(body)?;
    let (_, certificate, _) = element(&der)?;
    let (_, mut fields, _) = element(certificate)?;
    // Serial number, algorithm, issuer, validity; before them, since version 2, the version.
    let mut skip = 3;
    if fields.first() == Some(&VERSION) {
        skip += 1;
    }
    for _ in 0..skip {
        fields = element(fields)?.2;
    }
    let (tag, validity, _) = element(fields)?;
    let (_, _, after) = element(validity).filter(|_| tag == SEQUENCE)?;
    let (tag, text, _) = element(after)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// The tag and the content of the first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut len = usize::from(first);
    if first >= 0x80 {
        let bytes = usize::from(first & 0x7f);
        if bytes > 4 {
            return None;
        }
        len = 0;
        for byte in rest.get(..bytes)? {
            len = len << 8 | usize::from(*byte);
        }
        rest = &rest[bytes..];
    }
    let content = rest.get(..len)?;
    Some((tag, content, &rest[len..]))
}

/// `YYMMDDHHMMSSZ`, or with four digits of the year.
fn time(tag: u8, text: &str) -> Option<(SystemTime, String)> {
    let (year, rest) = match tag {
        UTC_TIME => {
            let year: u64 = text.get(..2)?.parse().ok()?;
            (
                if year < 50 { 2000 + year } else { 1900 + year },
                text.get(2..)?,
            )
        }
        GENERALIZED_TIME => (text.get(..4)?.parse().ok()?, text.get(4..)?),
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<u64>().ok();
    let (month, day) = (part(0)?, part(2)?);
    let (hour, minute, second) = (part(4)?, part(6)?, part(8)?);
    if !(1..=12).contains(&month) || year < 1970 {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let shown = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC");
    let moment = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    Some((moment, shown))
}

/// Days from 1970-01-01, by the calendar whose years begin in March.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let of_era = year % 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.saturating_sub(1);
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).saturating_sub(719_468)
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut gathered, mut bits) = (0_u32, 0);
    for c in text
        .bytes()
        .filter(|c| !c.is_ascii_whitespace() && *c != b'=')
    {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        gathered = gathered << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.extend(u8::try_from(gathered >> bits & 0xff));
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = include_str!("until_2036.pem");

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let (moment, shown) = not_after(CERTIFICATE).unwrap();
        let seconds = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(shown, "2036-11-23 09:23 UTC");
        assert_eq!(seconds.as_secs(), 2_111_045_019);
    }

    #[test]
    fn years_after_2049_have_four_digits() {
        let (moment, shown) = time(GENERALIZED_TIME, "20520229120000Z").unwrap();
        assert_eq!(shown, "2052-02-29 12:00 UTC");
        let seconds = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(seconds.as_secs(), 2_592_820_800);
    }

    #[test]
    fn hostile_bytes_are_no_certificate() {
        let whole = CERTIFICATE.to_owned();
        for cut in (0..whole.len()).step_by(7) {
            let text = format!("{}-----END CERTIFICATE-----", &whole[..cut]);
            let _ = not_after(&text);
        }
        let long = "-----BEGIN CERTIFICATE-----\nMIT/////\n-----END CERTIFICATE-----";
        assert_eq!(not_after(long), None);
    }
}
