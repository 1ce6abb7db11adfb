//! Which of several types of events a record is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::PayloadRejection;
use crate::codec::{Codecs, DecodeError, TYPE_ID};
use crate::error::{ErrorKind, ListenerError, Policy};
use crate::listener::Delivery;

/// As much of an unknown name as is worth telling.
const TOLD: usize = 100;

/// The name of a record's event, as `#[derive(KafkaEvent)]` reads it.
#[derive(Debug)]
pub struct EventName<'r> {
    name: Option<Cow<'r, str>>,
    /// The type whose token the name is.
    stands_for: Option<&'r str>,
    place: String,
    /// Whether the name may be told: a payload's may not.
    is_public: bool,
}

/// A record of a type that its handler does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place} names no event of the handler{found}: it knows {known}")]
pub struct UnknownEvent {
    place: String,
    found: String,
    known: String,
}

impl<'r> EventName<'r> {
    /// By a header's text.
    #[must_use]
    pub fn by_header(delivery: &'r Delivery, header: &str) -> Self {
        let value = delivery.record().headers().get(header);
        let name = value.and_then(|header| std::str::from_utf8(header.value?).ok());
        Self {
            name: name.map(Cow::Borrowed),
            stands_for: None,
            place: format!("the header `{header}`"),
            is_public: true,
        }
    }

    /// By the Java type, in full, without its package or by its token, in Spring's header.
    #[must_use]
    pub fn by_type_id(delivery: &'r Delivery) -> Self {
        let mut event = Self::by_header(delivery, TYPE_ID);
        let codecs = delivery.listener().states.get::<Codecs>();
        event.stands_for = codecs
            .zip(event.name.as_deref())
            .and_then(|(codecs, token)| codecs.type_mapping().known(token));
        event
    }

    /// By a field of the payload's JSON object.
    ///
    /// # Errors
    /// If the payload is no JSON object; a tombstone is one without a name.
    pub fn by_tag(delivery: &'r Delivery, field: &str) -> Result<Self, ListenerError> {
        let name = match delivery.record().payload() {
            None => None,
            Some(payload) => tag(payload, field).map_err(|error| {
                let error = DecodeError::Json(error.to_string());
                PayloadRejection::listener_error::<serde_json::Map<String, serde_json::Value>>(
                    error,
                )
            })?,
        };
        Ok(Self {
            name,
            stands_for: None,
            place: format!("the field `{field}`"),
            is_public: false,
        })
    }

    /// Whether this is the name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }

    /// Whether this is the type's name, in full or without its package.
    #[must_use]
    pub fn is_type(&self, name: &str) -> bool {
        let simple = |full: &str| full.rsplit(['.', '$']).next() == Some(name);
        let is = |known: &str| known == name || simple(known);
        self.name.as_deref().is_some_and(is) || self.stands_for.is_some_and(is)
    }

    /// The failure of a record that no variant is named after.
    #[must_use]
    pub fn unknown(&self, known: &[&str], policy: Policy) -> ListenerError {
        let found = match &self.name {
            None => " (it is missing)".to_owned(),
            Some(name) if self.is_public => {
                let told = name.chars().take(TOLD).collect::<String>();
                format!(" ({told:?})")
            }
            Some(_) => String::new(),
        };
        let error = UnknownEvent {
            place: self.place.clone(),
            found,
            known: known.join(", "),
        };
        ListenerError::new(
            ErrorKind::Decode,
            Box::new(error),
            std::any::type_name::<UnknownEvent>(),
            None,
            policy,
        )
    }
}

/// The text of a field of a JSON object, if it has the field.
fn tag<'r>(payload: &'r [u8], field: &str) -> Result<Option<Cow<'r, str>>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(payload);
    Tag(field).deserialize(&mut json)
}

/// Looks for one field, and passes over all others.
struct Tag<'f>(&'f str);

impl<'r> DeserializeSeed<'r> for Tag<'_> {
    type Value = Option<Cow<'r, str>>;

    fn deserialize<D: Deserializer<'r>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'r> Visitor<'r> for Tag<'_> {
    type Value = Option<Cow<'r, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the field `{}`", self.0)
    }

    fn visit_map<A: MapAccess<'r>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Text(name)) = fields.next_key::<Text<'r>>()? {
            if found.is_none() && name.as_deref() == Some(self.0) {
                let Text(text) = fields.next_value()?;
                found = text;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A text in place, if it is one.
struct Text<'r>(Option<Cow<'r, str>>);

impl<'r> serde::Deserialize<'r> for Text<'r> {
    fn deserialize<D: Deserializer<'r>>(json: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'r> Visitor<'r> for Any {
            type Value = Text<'r>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'r str) -> Result<Text<'r>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'r>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }
        }

        json.deserialize_str(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_wherever_it_stands_and_borrowed() {
        for payload in [
            r#"{"type":"placed","id":1}"#,
            r#"{"id":{"type":"no"},"more":[1,2],"type":"placed"}"#,
            r#"{"type":"placed","type":"second"}"#,
        ] {
            let found = tag(payload.as_bytes(), "type").unwrap();
            assert!(matches!(found, Some(Cow::Borrowed("placed"))), "{payload}");
        }
        let escaped = tag(br#"{"type":"pl\u0061ced"}"#, "type").unwrap();
        assert_eq!(escaped.as_deref(), Some("placed"));
        assert_eq!(tag(b"{}", "type").unwrap(), None);
        assert!(tag(b"[]", "type").is_err());
        assert!(tag(br#"{"type":5}"#, "type").is_err());
        assert!(tag(b"{\"type\":\"x\"", "type").is_err());
    }

    #[test]
    fn a_type_is_known_by_its_simple_name_too() {
        let of = |name: &'static str| EventName {
            stands_for: None,
            name: Some(Cow::Borrowed(name)),
            place: String::new(),
            is_public: true,
        };
        assert!(of("com.acme.orders.Placed").is_type("Placed"));
        assert!(of("com.acme.Orders$Placed").is_type("Placed"));
        assert!(of("com.acme.Placed").is_type("com.acme.Placed"));
        assert!(!of("com.acme.NotPlaced").is_type("Placed"));
        assert!(!of("com.acme.Placed").is("Placed"));
    }
}
