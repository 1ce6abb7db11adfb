//! Protobuf by prost.

use prost::Message;

use super::{DecodeError, EncodeError, FromPayload, Misfit, Protobuf, SchemaDefinition, ToPayload};

/// A message whose `.proto` file is known, so that a schema registry can be told of it.
///
/// ```
/// use micro_kafka::codec::{ProtobufRecord, SchemaDefinition};
///
/// # struct Order;
/// // `Order` is what prost-build made of `order.proto`.
/// impl ProtobufRecord for Order {
///     fn definition() -> &'static SchemaDefinition {
///         static ORDER: SchemaDefinition = SchemaDefinition::protobuf(
///             r#"syntax = "proto3"; package shop; message Order { uint64 id = 1; }"#,
///             "shop.Order",
///         );
///         &ORDER
///     }
/// }
/// # assert_eq!(Order::definition().record_name(), "shop.Order");
/// ```
#[diagnostic::on_unimplemented(
    message = "the `.proto` file of `{Self}` is not known",
    label = "no `ProtobufRecord`",
    note = "implement `ProtobufRecord`: its `definition` is a `static` of `SchemaDefinition::protobuf(include_str!(\"….proto\"), \"package.Message\")`"
)]
pub trait ProtobufRecord {
    /// Its schema.
    fn definition() -> &'static SchemaDefinition;
}

impl<T: ProtobufRecord + ?Sized> ProtobufRecord for &T {
    fn definition() -> &'static SchemaDefinition {
        T::definition()
    }
}

impl<M: Message + Default> FromPayload<'_> for Protobuf<M> {
    /// Nested no deeper than 100 messages, which is prost's limit.
    fn from_payload(payload: Option<&[u8]>) -> Result<Self, DecodeError> {
        let bytes = payload.ok_or(DecodeError::Null)?;
        // prost's errors name messages, fields and wire types, and quote nothing.
        M::decode(bytes).map(Self).map_err(|error| {
            DecodeError::Misfit(Misfit {
                format: "Protobuf",
                place: String::new(),
                reason: error.to_string(),
            })
        })
    }
}

impl<M: Message> ToPayload for Protobuf<M> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        // A vector never runs out of room.
        self.0
            .encode(buffer)
            .map(|()| true)
            .map_err(|_| EncodeError::Shape("Protobuf"))
    }
}

#[cfg(feature = "schema-registry")]
mod registered {
    use super::{Message, Protobuf, ProtobufRecord};
    use crate::codec::registry::{
        ReadRegistered, RegisteredSchema, Staged, WriteRegistered, append_indexes, parse_indexes,
        staged_bytes,
    };
    use crate::codec::{
        DecodeError, EncodeError, FromPayload, PayloadSource, SchemaDefinition, SchemaKind,
        ToPayload,
    };

    impl<'r, M: Message + Default> ReadRegistered<'r> for Protobuf<M> {
        const KIND: SchemaKind = SchemaKind::Protobuf;

        fn read_registered(
            _: &RegisteredSchema,
            bytes: &'r [u8],
            _: &PayloadSource<'r>,
        ) -> Result<Self, DecodeError> {
            let (_, bytes) = parse_indexes(bytes)?;
            Self::from_payload(Some(bytes))
        }
    }

    impl<M: Message + ProtobufRecord> WriteRegistered for Protobuf<M> {
        fn definition(&self) -> &'static SchemaDefinition {
            M::definition()
        }

        fn write_registered(
            &self,
            _: &RegisteredSchema,
            buffer: &mut Vec<u8>,
        ) -> Result<(), EncodeError> {
            append_indexes(M::definition().indexes, buffer);
            self.to_payload(buffer).map(drop)
        }

        fn stage(&self) -> Result<Staged, EncodeError> {
            let mut bytes = Vec::new();
            append_indexes(M::definition().indexes, &mut bytes);
            self.to_payload(&mut bytes)?;
            Ok(staged_bytes(bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, PartialEq, Message)]
    struct Order {
        #[prost(uint64, tag = "1")]
        id: u64,
        #[prost(string, tag = "2")]
        customer: String,
        #[prost(sint32, repeated, tag = "3")]
        cents: Vec<i32>,
        #[prost(message, optional, boxed, tag = "4")]
        inner: Option<Box<Self>>,
    }

    fn read(bytes: &[u8]) -> Result<Order, String> {
        let read = Protobuf::<Order>::from_payload(Some(bytes));
        read.map(|read| read.0).map_err(|error| error.to_string())
    }

    fn written(order: &Order) -> Vec<u8> {
        let mut buffer = Vec::new();
        assert!(Protobuf(order.clone()).to_payload(&mut buffer).unwrap());
        buffer
    }

    #[test]
    fn bytes_are_those_of_the_protobuf_specification() {
        let order = Order {
            id: 150,
            customer: "testing".into(),
            cents: vec![-1, 1],
            inner: None,
        };
        let golden = b"\x08\x96\x01\x12\x07testing\x1a\x02\x01\x02";
        assert_eq!(written(&order), golden);
        assert_eq!(read(golden), Ok(order));
        assert_eq!(read(b""), Ok(Order::default()), "46: empty is all defaults");
    }

    #[test]
    fn case_57_a_varint_that_overruns_is_refused() {
        let error = read(&[
            0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ]);
        let error = error.unwrap_err();
        assert!(error.contains("varint"), "{error}");
    }

    #[test]
    fn case_57_a_million_nested_groups_and_messages_are_refused() {
        let groups = vec![0x2b_u8; 1_000_000];
        let error = read(&groups).unwrap_err();
        assert!(error.contains("recursion"), "{error}");
        let mut nested = Vec::new();
        for _ in 0..10_000 {
            let mut outer = vec![0x22];
            prost::encode_length_delimiter(nested.len(), &mut outer).unwrap();
            outer.append(&mut nested);
            nested = outer;
        }
        let error = read(&nested).unwrap_err();
        assert!(error.contains("recursion"), "{error}");
    }

    #[test]
    fn case_57_lengths_that_lie_are_refused_without_their_room() {
        let packed = [0x1a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x01];
        let text = [0x12, 0xff, 0xff, 0xff, 0xff, 0x07, b'4', b'1', b'1', b'1'];
        for lie in [&packed[..], &text] {
            let counted = allocation_counter::measure(|| {
                let error = read(lie).unwrap_err();
                assert!(!error.contains("4111"), "{error}");
            });
            assert!(counted.bytes_max < 100_000, "{counted:?}");
        }
    }

    #[test]
    fn case_47_and_51_null_and_bad_texts_are_told_without_the_text() {
        let error = Protobuf::<Order>::from_payload(None).unwrap_err();
        assert!(matches!(error, DecodeError::Null));
        let error = read(b"\x12\x064111-\xff").unwrap_err();
        assert!(
            error.contains("Order.customer") && !error.contains("4111"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(id: u64, customer: String, cents: Vec<i32>) {
            let inner = Some(Box::new(Order { id, ..Order::default() }));
            let order = Order { id, customer, cents, inner };
            prop_assert_eq!(read(&written(&order)), Ok(order));
        }

        #[test]
        fn hostile_bytes_end_in_a_value_or_an_error(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }
    }
}
