//! Payloads that are checked before a handler sees them.

use std::fmt;

use super::{DecodeError, FromPayload, Json, PayloadSource, Text};
use crate::listener::BootCheck;

/// A payload that is valid, too: `Validated(Json(order)): Validated<Json<Order>>`.
///
/// One that is not goes where an undecodable one goes: to the dead-letter topic, at once. The
/// failure names each field and rule, never a value.
///
/// ```
/// use micro_kafka::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Order {
///     customer: String,
///     lines: Vec<Line>,
/// }
///
/// #[derive(Deserialize)]
/// struct Line {
///     cents: i64,
/// }
///
/// impl Validate for Order {
///     fn validate(&self, check: &mut Violations) {
///         check.that(!self.customer.is_empty(), "customer", "must not be empty");
///         check.each("lines", &self.lines);
///     }
/// }
///
/// impl Validate for Line {
///     fn validate(&self, check: &mut Violations) {
///         check.that(self.cents > 0, "cents", "must be positive");
///     }
/// }
///
/// #[kafka_listener(topics = "orders", group_id = "billing")]
/// async fn charge(Validated(Json(order)): Validated<Json<Order>>) {
///     # drop(order);
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validated<P>(pub P);

/// A value that knows when it is valid.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say when it is valid",
    label = "no `Validate`",
    note = "implement `Validate` for the type in the payload; its `validate` notes what is wrong in `Violations`"
)]
pub trait Validate {
    /// Notes every rule that is broken.
    fn validate(&self, check: &mut Violations);
}

/// Gathers the rules that a value breaks.
#[derive(Debug, Default)]
pub struct Violations {
    /// The fields around the one that is checked, each with its dot.
    path: String,
    found: Vec<Violation>,
}

/// A rule that a payload breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, as in `lines[2].cents`.
    pub field: String,
    /// What it should be, as in `must be positive`.
    pub rule: &'static str,
}

impl Violations {
    /// Notes that a field breaks a rule, unless it holds.
    pub fn that(&mut self, holds: bool, field: &'static str, rule: &'static str) {
        if !holds {
            let field = format!("{}{field}", self.path);
            self.found.push(Violation { field, rule });
        }
    }

    /// Checks the value of a field by its own rules.
    pub fn inner(&mut self, field: &'static str, value: &impl Validate) {
        self.below(format_args!("{field}."), value);
    }

    /// Checks each value of a field that holds several.
    pub fn each<'v, V: Validate + 'v>(
        &mut self,
        field: &'static str,
        values: impl IntoIterator<Item = &'v V>,
    ) {
        for (index, value) in values.into_iter().enumerate() {
            self.below(format_args!("{field}[{index}]."), value);
        }
    }

    fn below(&mut self, level: fmt::Arguments<'_>, value: &impl Validate) {
        let length = self.path.len();
        self.path.push_str(&level.to_string());
        value.validate(self);
        self.path.truncate(length);
    }

    /// What was found.
    #[must_use]
    pub fn found(&self) -> &[Violation] {
        &self.found
    }
}

/// A payload that can be read but is not valid; contains fields and rules, never values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(Vec<Violation>);

impl Invalid {
    /// The rules that are broken; at least one.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Violation { field, rule }) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}`{field}` {rule}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

impl<'r, P: FromPayload<'r> + Validate> FromPayload<'r> for Validated<P> {
    fn from_payload(payload: Option<&'r [u8]>) -> Result<Self, DecodeError> {
        P::from_payload(payload).and_then(valid)
    }

    fn from_source(source: &PayloadSource<'r>) -> Result<Self, DecodeError> {
        P::from_source(source).and_then(valid)
    }

    fn check_payload(boot: &mut BootCheck<'_>) {
        P::check_payload(boot);
    }
}

fn valid<P: Validate>(read: P) -> Result<Validated<P>, DecodeError> {
    let mut check = Violations::default();
    read.validate(&mut check);
    match check.found.is_empty() {
        true => Ok(Validated(read)),
        false => Err(DecodeError::Invalid(Invalid(check.found))),
    }
}

impl<T: Validate> Validate for Json<T> {
    fn validate(&self, check: &mut Violations) {
        self.0.validate(check);
    }
}

impl<S: Validate> Validate for Text<S> {
    fn validate(&self, check: &mut Violations) {
        self.0.validate(check);
    }
}

// As the payload in it.
macro_rules! validates_what_it_holds {
    ($($feature:literal $wrapper:ident)*) => {$(
        #[cfg(feature = $feature)]
        impl<T: Validate> Validate for super::$wrapper<T> {
            fn validate(&self, check: &mut Violations) {
                self.0.validate(check);
            }
        }
    )*};
}

validates_what_it_holds! {
    "avro" Avro
    "json-schema" JsonSchema
    "protobuf" Protobuf
    "schema-registry" Registered
}

impl<T: Validate + ?Sized> Validate for &T {
    fn validate(&self, check: &mut Violations) {
        (**self).validate(check);
    }
}

/// `None` breaks no rule.
impl<T: Validate> Validate for Option<T> {
    fn validate(&self, check: &mut Violations) {
        if let Some(value) = self {
            value.validate(check);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Order {
        customer: String,
        lines: Vec<Line>,
        gift: Option<Line>,
    }

    #[derive(Debug, Deserialize)]
    struct Line {
        cents: i64,
    }

    impl Validate for Order {
        fn validate(&self, check: &mut Violations) {
            check.that(!self.customer.is_empty(), "customer", "must not be empty");
            check.each("lines", &self.lines);
            check.inner("gift", &self.gift);
        }
    }

    impl Validate for Line {
        fn validate(&self, check: &mut Violations) {
            check.that(self.cents > 0, "cents", "must be positive");
        }
    }

    fn read(text: &str) -> Result<Validated<Json<Order>>, DecodeError> {
        Validated::from_payload(Some(text.as_bytes()))
    }

    #[test]
    fn a_valid_payload_is_given() {
        let text = r#"{"customer":"c","lines":[{"cents":1}],"gift":null}"#;
        let Validated(Json(order)) = read(text).unwrap();
        assert_eq!((order.lines.len(), order.gift.is_none()), (1, true));
    }

    #[test]
    fn all_broken_rules_are_told_with_their_fields_and_no_values() {
        let text = r#"{"customer":"","lines":[{"cents":1},{"cents":-4711}],"gift":{"cents":0}}"#;
        let error = read(text).unwrap_err();
        assert_eq!(
            error.to_string(),
            "not valid: `customer` must not be empty, `lines[1].cents` must be positive, \
             `gift.cents` must be positive"
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_checked() {
        assert!(matches!(read("{}").unwrap_err(), DecodeError::Json(_)));
        let null = Validated::<Json<Order>>::from_payload(None).unwrap_err();
        assert!(matches!(null, DecodeError::Null));
    }
}
