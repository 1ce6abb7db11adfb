//! The part of an address after the `?`.

use std::time::Duration;

use super::Refused;
use super::percent::decoded;

/// Names and values, decoded.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `name=value&…`, of which each name must be one of `known`.
    pub(super) fn parse(text: Option<&str>, known: &[&str]) -> Result<Self, Refused> {
        let pairs = text.unwrap_or_default().split('&');
        let mut found = Vec::new();
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let form = |text: &str| decoded(&text.replace('+', " "));
            let (name, value) = (form(name)?, form(value)?);
            if !known.contains(&name.as_str()) {
                let known = known.join(", ");
                return Err(Refused::Bad(format!(
                    "there is no parameter `{name}`; there is {known}"
                )));
            }
            found.push((name, value));
        }
        Ok(Self(found))
    }

    /// The value of a name, if it is given.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// A number, if it is given.
    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Refused> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| Refused::Bad(format!("`{name}` is no number: {text}")))
        };
        self.get(name).map(parse).transpose()
    }

    /// A time as in `500ms` or `10s`, if it is given.
    pub(super) fn time(&self, name: &str) -> Result<Option<Duration>, Refused> {
        let parse = |text: &str| {
            duration(text).map_err(|reason| Refused::Bad(format!("`{name}`: {reason}")))
        };
        self.get(name).map(parse).transpose()
    }
}

/// Reads `500ms`, `10s`, `5m`, `2h`, `7d`, or a number of milliseconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time (examples: 500ms, 10s, 5m, 2h, 7d)");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    let millis = number.checked_mul(millis).ok_or_else(wrong)?;
    Ok(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        let query = Query::parse(Some("topic=a%2Fb+c&n=3&flag"), &["topic", "n", "flag"]).unwrap();
        assert_eq!(query.get("topic"), Some("a/b c"));
        assert_eq!(query.number::<u32>("n").unwrap(), Some(3));
        assert_eq!(query.get("flag"), Some(""));
        assert!(query.number::<u32>("flag").is_err());
        assert!(Query::parse(None, &[]).unwrap().get("n").is_none());
    }

    #[test]
    fn what_is_not_known_or_not_encoded_is_refused() {
        for bad in ["tpic=a", "topic=%zz"] {
            assert!(Query::parse(Some(bad), &["topic"]).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_have_units() {
        let millis = |text| duration(text).map(|time| time.as_millis()).ok();
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("500"), Some(500));
        assert_eq!(millis("10s"), Some(10_000));
        assert_eq!(millis("7d"), Some(604_800_000));
        for bad in [
            "",
            "s",
            "1x",
            "-1s",
            "99999999999999999999s",
            "9999999999999999999d",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
