//! JSON that keeps to a JSON Schema.

use jsonschema::Validator;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::json::check_depth;
use super::redact::redacted;
use super::schema::SchemaError;
use super::{
    DecodeError, EncodeError, FromPayload, JsonSchema, Misfit, PayloadSource, SchemaDefinition,
    ToPayload,
};
use crate::listener::BootCheck;

/// As many violations as are worth telling.
const TOLD: usize = 5;

/// A type with a JSON Schema.
///
/// ```
/// use micro_kafka::codec::{JsonRecord, SchemaDefinition};
/// use micro_kafka::prelude::*;
///
/// #[derive(Serialize, Deserialize)]
/// struct Order {
///     id: u64,
/// }
///
/// impl JsonRecord for Order {
///     fn definition() -> &'static SchemaDefinition {
///         static ORDER: SchemaDefinition = SchemaDefinition::json(
///             r#"{"type": "object", "required": ["id"],
///                 "properties": {"id": {"type": "integer", "minimum": 1}}}"#,
///             "shop.Order",
///         );
///         &ORDER
///     }
/// }
/// # assert_eq!(Order::definition().check(), Ok(()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no JSON Schema",
    label = "no `JsonRecord`",
    note = "implement `JsonRecord`: its `definition` is a `static` of `SchemaDefinition::json(include_str!(\"….schema.json\"), \"Name\")`"
)]
pub trait JsonRecord {
    /// Its schema.
    fn definition() -> &'static SchemaDefinition;
}

impl<T: JsonRecord + ?Sized> JsonRecord for &T {
    fn definition() -> &'static SchemaDefinition {
        T::definition()
    }
}

impl SchemaDefinition {
    pub(super) fn validator(&self) -> Result<&Validator, SchemaError> {
        let parsed = self.json.get_or_init(|| {
            let schema: Value =
                serde_json::from_str(self.text).map_err(|error| error.to_string())?;
            jsonschema::validator_for(&schema).map_err(|error| error.to_string())
        });
        parsed.as_ref().map_err(|reason| self.unusable(reason))
    }
}

/// Where a value breaks the schema, and by which keywords; nothing of the value.
fn violations(validator: &Validator, value: &Value) -> Option<Misfit> {
    if validator.is_valid(value) {
        return None;
    }
    let each = validator.iter_errors(value).take(TOLD).map(|error| {
        let place = error.instance_path().to_string();
        let rule = error.schema_path().to_string();
        let rule = rule.rsplit('/').next().unwrap_or_default().to_owned();
        match &*place {
            "" => format!("the whole breaks `{rule}`"),
            place => format!("`{place}` breaks `{rule}`"),
        }
    });
    Some(Misfit {
        format: "JSON Schema",
        place: String::new(),
        reason: each.collect::<Vec<_>>().join(", "),
    })
}

impl<T: DeserializeOwned + JsonRecord> FromPayload<'_> for JsonSchema<T> {
    fn from_payload(payload: Option<&[u8]>) -> Result<Self, DecodeError> {
        let bytes = payload.ok_or(DecodeError::Null)?;
        let told = |error: serde_json::Error| DecodeError::Json(redacted(&error, bytes));
        let value: Value = serde_json::from_slice(bytes).map_err(told)?;
        if let Some(misfit) = violations(T::definition().validator()?, &value) {
            return Err(DecodeError::Misfit(misfit));
        }
        // From the bytes once more: errors tell their place, and the order of fields is kept.
        serde_json::from_slice(bytes).map(Self).map_err(told)
    }

    fn from_source(source: &PayloadSource<'_>) -> Result<Self, DecodeError> {
        check_depth(source.payload().unwrap_or_default(), source.limits())?;
        Self::from_payload(source.payload())
    }

    fn check_payload(boot: &mut BootCheck<'_>) {
        boot.schema(T::definition());
    }
}

impl<T: Serialize + JsonRecord> ToPayload for JsonSchema<T> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        let value = serde_json::to_value(&self.0).map_err(EncodeError::Json)?;
        if let Some(misfit) = violations(T::definition().validator()?, &value) {
            return Err(EncodeError::Misfit(misfit));
        }
        super::Json(&self.0).to_payload(buffer)
    }
}

#[cfg(feature = "schema-registry")]
mod registered {
    use super::{DeserializeOwned, JsonRecord, JsonSchema, Serialize, check_depth};
    use crate::codec::registry::{
        ReadRegistered, RegisteredSchema, Staged, WriteRegistered, staged_bytes,
    };
    use crate::codec::{
        DecodeError, EncodeError, FromPayload, PayloadSource, SchemaDefinition, SchemaKind,
        ToPayload,
    };
    use crate::listener::BootCheck;

    /// By the type's own schema: that of the writer says nothing that the type could use.
    impl<'r, T: DeserializeOwned + JsonRecord> ReadRegistered<'r> for JsonSchema<T> {
        const KIND: SchemaKind = SchemaKind::Json;

        fn read_registered(
            _: &RegisteredSchema,
            bytes: &'r [u8],
            source: &PayloadSource<'r>,
        ) -> Result<Self, DecodeError> {
            check_depth(bytes, source.limits())?;
            Self::from_payload(Some(bytes))
        }

        fn check_schema(boot: &mut BootCheck<'_>) {
            boot.schema(T::definition());
        }
    }

    impl<T: Serialize + JsonRecord> WriteRegistered for JsonSchema<T> {
        fn definition(&self) -> &'static SchemaDefinition {
            T::definition()
        }

        fn write_registered(
            &self,
            _: &RegisteredSchema,
            buffer: &mut Vec<u8>,
        ) -> Result<(), EncodeError> {
            self.to_payload(buffer).map(drop)
        }

        fn stage(&self) -> Result<Staged, EncodeError> {
            let mut bytes = Vec::new();
            self.to_payload(&mut bytes)?;
            Ok(staged_bytes(bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Order {
        id: i64,
        customer: String,
    }

    impl JsonRecord for Order {
        fn definition() -> &'static SchemaDefinition {
            static ORDER: SchemaDefinition = SchemaDefinition::json(
                r#"{"type": "object", "required": ["id", "customer"],
                    "properties": {"id": {"type": "integer", "minimum": 1},
                                   "customer": {"type": "string", "maxLength": 12},
                                   "card": {"pattern": "^(a+)+$"}}}"#,
                "shop.Order",
            );
            &ORDER
        }
    }

    fn read(text: &str) -> Result<Order, String> {
        let read = JsonSchema::<Order>::from_payload(Some(text.as_bytes()));
        read.map(|read| read.0).map_err(|error| error.to_string())
    }

    #[test]
    fn what_keeps_to_the_schema_is_read_and_written() {
        let order = Order {
            id: 7,
            customer: "c1".into(),
        };
        let mut buffer = Vec::new();
        assert!(JsonSchema(&order).to_payload(&mut buffer).unwrap());
        assert_eq!(buffer, br#"{"id":7,"customer":"c1"}"#);
        assert_eq!(read(r#"{"id":7,"customer":"c1"}"#), Ok(order));
    }

    #[test]
    fn violations_tell_place_and_rule_and_nothing_of_the_value() {
        let error = read(r#"{"id":0,"customer":"4111-1111-1111"}"#).unwrap_err();
        assert_eq!(
            error,
            "no JSON Schema of that type: `/customer` breaks `maxLength`, `/id` breaks `minimum`"
        );
        let wrong = JsonSchema(Order {
            id: 0,
            customer: "4111".into(),
        });
        let mut buffer = b"kept".to_vec();
        let error = wrong.to_payload(&mut buffer).unwrap_err();
        assert!(!error.to_string().contains("4111"), "{error}");
        assert_eq!(buffer, b"kept");
    }

    #[test]
    fn depth_and_patterns_that_explode_end_in_errors() {
        let error = read(&"[".repeat(1_000_000)).unwrap_err();
        assert_eq!(error, "recursion limit exceeded at line 1 column 128");
        let card = format!(r#"{{"id":1,"customer":"c","card":"{}!"}}"#, "a".repeat(40));
        let error = read(&card).unwrap_err();
        assert!(error.contains("`/card` breaks `pattern`"), "{error}");
    }

    #[test]
    fn a_schema_that_is_none_is_told() {
        static WRONG: SchemaDefinition = SchemaDefinition::json(r#"{"type": 7}"#, "Wrong");
        let error = WRONG.check().unwrap_err().to_string();
        assert!(
            error.starts_with("the JSON schema cannot be used: "),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn hostile_bytes_end_in_a_value_or_an_error(bytes: Vec<u8>) {
            let _ = JsonSchema::<Order>::from_payload(Some(&bytes));
        }
    }
}
