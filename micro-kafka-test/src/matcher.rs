//! What a key, a value or a header is compared with.

use std::fmt::Write as _;

use micro_kafka::codec::{Bytes, Json, Text};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::show;

/// Tells whether a key, a value or a header is the one looked for.
///
/// | matcher | finds |
/// |---|---|
/// | `"text"`, `String`, `Text(…)` | this text |
/// | `b"bytes"`, `&[u8]`, `Vec<u8>`, `Bytes(…)` | these bytes |
/// | `Json(&value)` | JSON that means the same, whatever its white space and the order of its keys |
/// | `None::<&str>`, `Some(…)` | null, or what stands in it |
/// | `\|bytes: &[u8]\| …` | what the closure says |
/// | [`text`], [`json`], [`containing`] | what a closure says of the text or the value; a part of a text |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with a key, a value or a header",
    label = "no matcher",
    note = "write a text, bytes, `Json(&value)`, `None::<&str>`, or a closure: `|bytes: &[u8]| …`, `text(|text| …)`, `json(|value: Order| …)`"
)]
pub trait Matcher: Send + Sync {
    /// Whether it is; `None` is null.
    fn accepts(&self, bytes: Option<&[u8]>) -> bool;

    /// How it looks in the message of a failed assertion.
    fn describe(&self) -> String;
}

macro_rules! plain {
    ($([$($generics:tt)*] $matcher:ty;)*) => {$(
        impl<$($generics)*> Matcher for $matcher {
            fn accepts(&self, bytes: Option<&[u8]>) -> bool {
                let wanted: &[u8] = self.as_ref();
                bytes == Some(wanted)
            }

            fn describe(&self) -> String {
                show::bytes(Some(self.as_ref()))
            }
        }
    )*};
}

plain! {
    [] &str;
    [] String;
    [] &String;
    [] &[u8];
    [] Vec<u8>;
    [] &Vec<u8>;
    [const N: usize] [u8; N];
    [const N: usize] &[u8; N];
}

impl<S: AsRef<str> + Send + Sync> Matcher for Text<S> {
    fn accepts(&self, bytes: Option<&[u8]>) -> bool {
        self.0.as_ref().accepts(bytes)
    }

    fn describe(&self) -> String {
        self.0.as_ref().describe()
    }
}

impl<B: AsRef<[u8]> + Send + Sync> Matcher for Bytes<B> {
    fn accepts(&self, bytes: Option<&[u8]>) -> bool {
        self.0.as_ref().accepts(bytes)
    }

    fn describe(&self) -> String {
        self.0.as_ref().describe()
    }
}

impl<T: Serialize + Send + Sync> Matcher for Json<T> {
    fn accepts(&self, bytes: Option<&[u8]>) -> bool {
        let there = bytes.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let wanted = serde_json::to_value(&self.0).ok();
        there.is_some_and(|value: serde_json::Value| Some(value) == wanted)
    }

    fn describe(&self) -> String {
        match serde_json::to_string(&self.0) {
            Ok(json) => format!("JSON {}", show::bytes(Some(json.as_bytes()))),
            Err(error) => format!("a value that cannot be written as JSON ({error})"),
        }
    }
}

impl<M: Matcher> Matcher for Option<M> {
    fn accepts(&self, bytes: Option<&[u8]>) -> bool {
        match self {
            Some(matcher) => matcher.accepts(bytes),
            None => bytes.is_none(),
        }
    }

    fn describe(&self) -> String {
        self.as_ref()
            .map_or_else(|| show::bytes(None), Matcher::describe)
    }
}

impl<F: Fn(&[u8]) -> bool + Send + Sync> Matcher for F {
    fn accepts(&self, bytes: Option<&[u8]>) -> bool {
        bytes.is_some_and(self)
    }

    fn describe(&self) -> String {
        "bytes for which the closure says yes".to_owned()
    }
}

/// A matcher that is made of a test and its name.
struct Tested<F> {
    test: F,
    name: String,
}

impl<F: Fn(&[u8]) -> bool + Send + Sync> Matcher for Tested<F> {
    fn accepts(&self, bytes: Option<&[u8]>) -> bool {
        bytes.is_some_and(&self.test)
    }

    fn describe(&self) -> String {
        self.name.clone()
    }
}

/// A text of which the closure says yes: `text(|text| text.starts_with("a"))`.
pub fn text(test: impl Fn(&str) -> bool + Send + Sync) -> impl Matcher {
    Tested {
        test: move |bytes: &[u8]| std::str::from_utf8(bytes).is_ok_and(&test),
        name: "a text for which the closure says yes".to_owned(),
    }
}

/// A text in which `part` is found.
#[must_use]
pub fn containing(part: &str) -> impl Matcher + use<> {
    let (part, mut name) = (part.to_owned(), "a text containing ".to_owned());
    let _ = write!(name, "{part:?}");
    Tested {
        test: move |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(&part),
        name,
    }
}

/// A JSON value of which the closure says yes: `json(|order: Order| order.cents > 5)`.
pub fn json<T: DeserializeOwned>(test: impl Fn(T) -> bool + Send + Sync) -> impl Matcher {
    Tested {
        test: move |bytes: &[u8]| serde_json::from_slice(bytes).is_ok_and(&test),
        name: format!(
            "JSON of {} for which the closure says yes",
            std::any::type_name::<T>()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_compared_byte_by_byte() {
        let there = Some(&b"abc"[..]);
        assert!("abc".accepts(there) && !"abd".accepts(there) && !"abc".accepts(None));
        assert!(String::from("abc").accepts(there));
        assert!(b"abc".accepts(there) && [97, 98, 99].accepts(there));
        assert!(
            vec![97, 98, 99].accepts(there)
                && Matcher::accepts(&&vec![97, 98, 99], there)
                && (&b"abc"[..]).accepts(there)
        );
        assert!(Text("abc").accepts(there) && Bytes(b"abc").accepts(there));
        assert_eq!(
            ("abc".describe(), "".describe()),
            ("abc".into(), "\"\"".into())
        );
        assert_eq!([0xff, 0].describe(), "0xff00");
    }

    #[test]
    fn json_is_compared_by_its_meaning() {
        let there = Some(&b"{ \"b\": [1, 2], \"a\": null }"[..]);
        let wanted = serde_json::json!({"a": null, "b": [1, 2]});
        assert!(Json(&wanted).accepts(there));
        assert!(!Json(&wanted).accepts(Some(b"{}")) && !Json(&wanted).accepts(Some(b"x")));
        assert!(Json(&wanted).describe().contains("[1,2]"));
        assert!(json(|all: serde_json::Value| all["b"][1] == 2).accepts(there));
        assert!(!json(|_: Vec<u8>| true).accepts(there), "of another shape");
    }

    #[test]
    fn null_is_neither_empty_nor_seen_by_a_closure() {
        assert!(None::<&str>.accepts(None) && !None::<&str>.accepts(Some(b"")));
        assert!(Some("").accepts(Some(b"")) && !Some("").accepts(None));
        assert!(!(|_: &[u8]| true).accepts(None) && (|_: &[u8]| true).accepts(Some(b"")));
        assert_eq!(None::<&str>.describe(), "null");
    }

    #[test]
    fn texts_are_matched_by_closures_and_parts() {
        assert!(text(|text| text.len() == 3).accepts(Some(b"abc")));
        assert!(!text(|_| true).accepts(Some(&[0xff])), "no text");
        assert!(containing("bc").accepts(Some(b"abcd")));
        assert!(!containing("bd").accepts(Some(b"abcd")));
        assert_eq!(containing("b").describe(), "a text containing \"b\"");
    }
}
