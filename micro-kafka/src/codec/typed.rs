//! Payloads that tell their type.

use std::borrow::Cow;

use super::{EncodeError, PayloadTarget, ToPayload, Written};

/// Where Spring's serializers write the payload's type, and its deserializers look for it.
pub const TYPE_ID: &str = "__TypeId__";

/// A payload that is sent with its type in the header `__TypeId__`, by which a Spring service knows
/// what to make of it. A token of `[kafka.json] type-mapping` is written instead of the type.
///
/// ```
/// use micro_kafka::codec::Typed;
/// use micro_kafka::prelude::*;
///
/// # #[derive(Serialize)]
/// # struct Cat { lives: u8 }
/// async fn adopt(kafka: &KafkaTemplate, cat: &Cat) -> Result<(), SendError> {
///     kafka.send("pets", Typed::new("com.shop.Cat", Json(cat))).await.map(drop)
/// }
/// ```
///
/// What a Spring service sent is read by `#[derive(KafkaEvent)] #[kafka(type_id)]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed<P> {
    id: Cow<'static, str>,
    payload: P,
}

impl<P> Typed<P> {
    /// A payload of that Java type.
    pub fn new(id: impl Into<Cow<'static, str>>, payload: P) -> Self {
        Self {
            id: id.into(),
            payload,
        }
    }
}

impl<P: ToPayload> ToPayload for Typed<P> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        self.payload.to_payload(buffer)
    }

    fn to_target(&self, target: &mut PayloadTarget<'_>) -> Result<Written, EncodeError> {
        let token = target.codecs().type_mapping().token_of(&self.id).to_owned();
        target.header(TYPE_ID, token);
        self.payload.to_target(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Codecs, Json, TypeMapping};

    #[test]
    fn the_header_has_the_type_or_its_token() {
        let mapped =
            Codecs::default().with_type_mapping(TypeMapping::new(["cat:com.Cat"]).unwrap());
        for (codecs, told) in [(Codecs::default(), "com.Cat"), (mapped, "cat")] {
            let mut buffer = Vec::new();
            let mut target = PayloadTarget::new("pets", &codecs, &mut buffer);
            let written = Typed::new("com.Cat", Json(9))
                .to_target(&mut target)
                .unwrap();
            assert!(matches!(written, Written::Payload));
            assert_eq!(target.into_headers(), [(TYPE_ID.into(), told.into())]);
            assert_eq!(buffer, b"9");
        }
    }
}
