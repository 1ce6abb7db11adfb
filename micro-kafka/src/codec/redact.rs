//! JSON errors without the values that serde echoes.

use serde_json::error::Category;

/// The error's message with place and expected type, but nothing that stood in the payload.
///
/// Dead-letter headers and logs show it, so a card number in the wrong field must not appear.
pub(super) fn redacted(error: &serde_json::Error, payload: &[u8]) -> String {
    let text = error.to_string();
    if matches!(error.classify(), Category::Syntax | Category::Eof) {
        // Fixed texts of the parser: nothing of the payload is in them.
        return text;
    }
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = text.strip_suffix(&place).unwrap_or(&text);
    let message = data_message(message).unwrap_or_else(|| "the value is not valid".into());
    match is_within(payload, error.line(), error.column()) {
        true => message + &place,
        false => message,
    }
}

/// A message of serde that has no place, without what stood in the payload.
#[cfg(feature = "avro")]
pub(super) fn shape(message: &str) -> String {
    let message = message.rsplit_once("value: ").map_or(message, |(_, it)| it);
    data_message(message).unwrap_or_else(|| "the value is not valid".into())
}

/// Whether the payload has that place: serde_json reads it from the end of hand-written messages,
/// which may quote anything.
fn is_within(payload: &[u8], line: usize, column: usize) -> bool {
    let line = line.checked_sub(1);
    let line = line.and_then(|line| payload.split(|byte| *byte == b'\n').nth(line));
    line.is_some_and(|line| column <= line.len() + 1)
}

/// The message of a shape error, if it is one of serde's own; messages of hand-written
/// `Deserialize` implementations may hold anything.
fn data_message(message: &str) -> Option<String> {
    None.or_else(|| unexpected(message, "invalid type"))
        .or_else(|| unexpected(message, "invalid value"))
        .or_else(|| unknown(message, "unknown variant"))
        .or_else(|| unknown(message, "unknown field"))
        .or_else(|| invalid_length(message))
        .or_else(|| named(message))
}

/// `invalid type: string "…", expected u64` becomes `invalid type: string, expected u64`.
fn unexpected(message: &str, prefix: &str) -> Option<String> {
    let found = message.strip_prefix(prefix)?.strip_prefix(": ")?;
    let (kind, rest) = KINDS
        .iter()
        .find_map(|kind| Some((*kind, found.strip_prefix(kind)?)))?;
    let expected = after_value(rest)?.strip_prefix(", expected ")?;
    Some(format!("{prefix}: {kind}, expected {expected}"))
}

/// serde's names of what was found; a longer one stands before its own beginning.
const KINDS: [&str; 18] = [
    "boolean",
    "integer",
    "floating point",
    "number",
    "character",
    "string",
    "byte array",
    "unit value",
    "Option value",
    "newtype struct",
    "sequence",
    "map",
    "enum",
    "unit variant",
    "newtype variant",
    "tuple variant",
    "struct variant",
    "null",
];

/// What follows the echoed value: nothing, `` `…` `` or a debug-printed string.
fn after_value(rest: &str) -> Option<&str> {
    if let Some(quoted) = rest.strip_prefix(" \"") {
        let mut escaped = false;
        let end = quoted.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        return quoted.get(end + 1..);
    }
    if let Some(ticked) = rest.strip_prefix(" `") {
        // The first character may be a backtick itself, where a character is echoed.
        let first = ticked.chars().next()?.len_utf8();
        let end = first + ticked.get(first..)?.find('`')?;
        return ticked.get(end + 1..);
    }
    Some(rest)
}

/// ``unknown variant `…`, expected `a` or `b` `` loses its first part only: the list after the
/// last `expected` is the type's own.
fn unknown(message: &str, prefix: &str) -> Option<String> {
    let rest = message.strip_prefix(prefix)?.strip_prefix(" `")?;
    if rest.ends_with("`, there are no variants") || rest.ends_with("`, there are no fields") {
        return Some(prefix.into());
    }
    let (_, expected) = rest.rsplit_once("`, expected ")?;
    Some(format!("{prefix}, expected {expected}"))
}

/// `invalid length 3, expected …` counts, and quotes nothing.
fn invalid_length(message: &str) -> Option<String> {
    let rest = message.strip_prefix("invalid length ")?;
    let (length, _) = rest.split_once(", expected ")?;
    length.parse::<usize>().ok().map(|_| message.into())
}

/// Messages that hold nothing but a name from the type.
fn named(message: &str) -> Option<String> {
    let ticked = |prefix| {
        let name = message.strip_prefix(prefix)?;
        name.strip_prefix('`')?.strip_suffix('`')
    };
    let untagged = "data did not match any variant of untagged enum ";
    let name = ticked("missing field ")
        .or_else(|| ticked("duplicate field "))
        .or_else(|| message.strip_prefix(untagged))?;
    let is_name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    name.chars().all(is_name).then(|| message.into())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;
    use serde::Deserialize;
    use serde::de::{DeserializeOwned, Error};

    use super::redacted;

    fn error<T: DeserializeOwned>(text: &str) -> String {
        match serde_json::from_str::<T>(text) {
            Ok(_) => panic!("{text} was read"),
            Err(error) => redacted(&error, text.as_bytes()),
        }
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Card {
        Visa,
        Amex,
    }

    #[derive(Deserialize)]
    enum Never {}

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[serde(rename = "card-type")]
        _card: Card,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "never read")]
    #[serde(untagged)]
    enum Either {
        Number(u8),
        Flag(bool),
    }

    struct Echo;

    impl<'de> Deserialize<'de> for Echo {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            Err(D::Error::custom(format!("bad card {text}")))
        }
    }

    /// Whatever stands around it, and however it looks like one of serde's own messages.
    fn hostile() -> impl Strategy<Value = String> {
        let words = prop::sample::select(vec![
            "`",
            "\"",
            "\\",
            ", ",
            "expected ",
            "`, expected `",
            "there are no variants",
            " at line 1 column 2",
            "invalid type: ",
            "integer ",
            "missing field `",
            "unknown variant `",
            "\n",
            "ß",
            "0",
        ]);
        let around = || prop::collection::vec(words.clone(), 0..6).prop_map(|words| words.concat());
        (around(), around()).prop_map(|(before, after)| format!("{before}4111{after}"))
    }

    proptest! {
        #[test]
        fn no_text_makes_its_way_into_a_message(text in hostile()) {
            let string = serde_json::to_string(&text).unwrap();
            let object = format!("{{{string}:1}}");
            for found in [
                error::<u64>(&string),
                error::<char>(&string),
                error::<Vec<u8>>(&string),
                error::<Card>(&string),
                error::<Never>(&string),
                error::<Strict>(&string),
                error::<Strict>(&object),
                error::<Card>(&object),
                error::<Echo>(&string),
                error::<Either>(&string),
                error::<IpAddr>(&string),
            ] {
                prop_assert!(!found.contains("4111"), "{found}");
            }
        }
    }

    #[test]
    fn values_in_the_wrong_place_are_never_echoed() {
        let _ = [Card::Visa, Card::Amex];
        for (found, expected) in [
            (error::<u64>(r#""4111""#), "string, expected u64 at line 1"),
            (
                error::<u64>(r#""4111\", expected 4111""#),
                "string, expected u64",
            ),
            (
                error::<u64>(r#""4111\\\", expected 4111""#),
                "string, expected u64",
            ),
            (error::<String>("4111"), "integer, expected a string"),
            (
                error::<String>("41.11"),
                "floating point, expected a string",
            ),
            (error::<String>("true"), "boolean, expected a string"),
            (error::<String>("[4111]"), "sequence, expected a string"),
            (error::<String>(r#"{"4111":1}"#), "map, expected a string"),
            (error::<u8>("4111"), "integer, expected u8"),
            (error::<char>(r#""4111""#), "string, expected a character"),
            (
                error::<Card>(r#""4111""#),
                "unknown variant, expected `visa` or `amex`",
            ),
            (
                error::<Card>(r#""4111`, expected `4111""#),
                "unknown variant, expected `visa` or `amex`",
            ),
            (
                error::<Never>(r#""4111`, expected 4111""#),
                "unknown variant at",
            ),
            (
                error::<Strict>(r#"{"4111":1}"#),
                "unknown field, expected `card-type`",
            ),
            (error::<Strict>("{}"), "missing field `card-type`"),
            (error::<[u8; 2]>("[4]"), "invalid length 1, expected"),
            (error::<Echo>(r#""4111""#), "the value is not valid"),
            (error::<IpAddr>(r#""4111""#), "the value is not valid"),
            (
                error::<Either>(r#""4111""#),
                "data did not match any variant of untagged enum Either",
            ),
        ] {
            assert!(found.contains(expected), "{found:?} lacks {expected:?}");
            assert!(!found.contains("41"), "{found:?} holds the value");
        }
    }
}
