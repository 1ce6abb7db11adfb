//! How an object is named.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::random_name::random_name;

const DIGITS: usize = 32;
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

/// The name of a payload in its store: the day on which it was written, counted since 1970, and a
/// number that nobody can guess, as in `d20783/0f3c…`.
///
/// Whatever a record says, a name has no other form than this one: it leads nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimName(Box<str>);

impl ClaimName {
    /// A new one.
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let days = since.unwrap_or_default().as_secs() / SECONDS_OF_A_DAY;
        Self(format!("d{days}/{}", random_name()).into())
    }

    /// Reads a name; `None` if it has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (day, number) = text.split_once('/')?;
        let days = day.strip_prefix('d')?;
        let is_day = (1..=8).contains(&days.len()) && days.bytes().all(|b| b.is_ascii_digit());
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_number = number.len() == DIGITS && number.bytes().all(is_hex);
        (is_day && is_number).then(|| Self(text.into()))
    }

    /// The text, a path of two parts.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day and the number.
    pub(super) fn parts(&self) -> (&str, &str) {
        self.0.split_once('/').unwrap_or(("", &self.0))
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back() {
        let name = ClaimName::new();
        assert_eq!(ClaimName::parse(name.as_str()), Some(name));
    }

    #[test]
    fn what_leads_elsewhere_is_no_name() {
        let number = "0".repeat(DIGITS);
        for text in [
            "",
            "/",
            "d1/../../etc/passwd",
            "../0",
            &format!("d1/{}", "A".repeat(DIGITS)),
            &format!("d1/{number}/x"),
            &format!("d/{number}"),
            &format!("d123456789/{number}"),
            &format!("x1/{number}"),
            &format!("d-1/{number}"),
            &format!("d1/{}", &number[1..]),
            &format!("d1/{}\0", &number[1..]),
        ] {
            assert_eq!(ClaimName::parse(text), None, "{text}");
        }
    }
}
