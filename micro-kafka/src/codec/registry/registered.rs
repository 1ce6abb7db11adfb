//! Payloads with the id of their schema.

use std::sync::Arc;

use super::client::SchemaRegistry;
use super::wire;
use super::{RegisteredSchema, RegistryError};
use crate::codec::{
    DecodeError, EncodeError, FromPayload, LatePayload, Lookup, LookupError, PayloadSource,
    PayloadTarget, SchemaDefinition, SchemaKind, ToPayload, Written,
};
use crate::listener::BootCheck;

/// A payload with the header of Confluent's serializers, its schema kept by a registry:
/// `Registered<Avro<Order>>`, `Registered<Protobuf<Order>>`, `Registered<JsonSchema<Order>>`.
///
/// ```
/// use micro_kafka::codec::{Avro, AvroRecord, Registered, SchemaDefinition};
/// use micro_kafka::prelude::*;
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Order {
///     id: i64,
/// }
///
/// impl AvroRecord for Order {
///     fn definition() -> &'static SchemaDefinition {
///         static ORDER: SchemaDefinition = SchemaDefinition::avro(
///             r#"{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}"#,
///         );
///         &ORDER
///     }
/// }
///
/// #[kafka_listener(topics = "orders", group_id = "billing")]
/// async fn charge(Registered(Avro(order)): Registered<Avro<Order>>) {
///     println!("{order:?}");
/// }
///
/// async fn place(kafka: &KafkaTemplate, order: &Order) -> Result<(), SendError> {
///     kafka.send("orders", Registered(Avro(order))).await.map(drop)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Registered<F>(pub F);

/// A format that is read by the schema that a payload names.
#[diagnostic::on_unimplemented(
    message = "`Registered<{Self}>` cannot be read",
    label = "no format with a schema",
    note = "write `Registered<Avro<T>>`, `Registered<Protobuf<M>>` or `Registered<JsonSchema<T>>`"
)]
pub trait ReadRegistered<'r>: Sized {
    /// The language of its schemas.
    const KIND: SchemaKind;

    /// Reads what follows the id.
    ///
    /// # Errors
    /// If the bytes are not of that schema, or the type cannot read it.
    fn read_registered(
        schema: &RegisteredSchema,
        bytes: &'r [u8],
        source: &PayloadSource<'r>,
    ) -> Result<Self, DecodeError>;

    /// Says at boot what is wrong with the type's own schema.
    fn check_schema(boot: &mut BootCheck<'_>) {
        let _ = boot;
    }
}

/// What follows the id, once the schema is known.
pub type Staged =
    Box<dyn FnOnce(&RegisteredSchema, &mut Vec<u8>) -> Result<(), EncodeError> + Send + Sync>;

/// A format that is written with the id of a schema.
#[diagnostic::on_unimplemented(
    message = "`Registered<{Self}>` cannot be sent",
    label = "no format with a schema",
    note = "write `Registered(Avro(&value))`, `Registered(Protobuf(message))` or `Registered(JsonSchema(&value))`"
)]
pub trait WriteRegistered {
    /// The schema by which it is written.
    fn definition(&self) -> &'static SchemaDefinition;

    /// Appends what follows the id.
    ///
    /// # Errors
    /// If the value is not of that schema.
    fn write_registered(
        &self,
        schema: &RegisteredSchema,
        buffer: &mut Vec<u8>,
    ) -> Result<(), EncodeError>;

    /// The same for later: the value is taken down, borrowing nothing.
    ///
    /// # Errors
    /// If the value cannot be taken down.
    fn stage(&self) -> Result<Staged, EncodeError>;
}

impl<'r, F: ReadRegistered<'r>> FromPayload<'r> for Registered<F> {
    /// Without an application there is no registry to ask.
    fn from_payload(_: Option<&'r [u8]>) -> Result<Self, DecodeError> {
        Err(RegistryError::NoRegistry.into())
    }

    fn from_source(source: &PayloadSource<'r>) -> Result<Self, DecodeError> {
        let payload = source.payload().ok_or(DecodeError::Null)?;
        let (id, bytes) = wire::parse(payload)?;
        let registry = source.codecs().registry();
        let registry = registry.ok_or(RegistryError::NoRegistry)?;
        let schema = match registry.known_schema(id) {
            Some(known) => known?,
            None => return Err(DecodeError::Pending(lookup(registry, id))),
        };
        if schema.kind() != F::KIND {
            return Err(RegistryError::OtherKind {
                id,
                found: schema.kind().name(),
                wanted: F::KIND.name(),
            }
            .into());
        }
        F::read_registered(&schema, bytes, source).map(Self)
    }

    fn check_payload(boot: &mut BootCheck<'_>) {
        boot.schema_registry();
        F::check_schema(boot);
    }
}

fn lookup(registry: &SchemaRegistry, id: i32) -> Lookup {
    let registry = registry.clone();
    Lookup::new(format!("schema {id} of the registry"), move || {
        let registry = registry.clone();
        Box::pin(async move {
            match registry.schema(id).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_retriable() => {
                    Err(LookupError::Unavailable(Box::new(error)))
                }
                Err(error) => Err(LookupError::Missing(Box::new(error))),
            }
        })
    })
}

impl<F: WriteRegistered> ToPayload for Registered<F> {
    /// Without an application there is no registry to ask.
    fn to_payload(&self, _: &mut Vec<u8>) -> Result<bool, EncodeError> {
        Err(RegistryError::NoRegistry.into())
    }

    fn to_target(&self, target: &mut PayloadTarget<'_>) -> Result<Written, EncodeError> {
        let registry = target.codecs().registry();
        let registry = registry.ok_or(RegistryError::NoRegistry)?;
        let definition = self.0.definition();
        definition.check()?;
        let subject = registry.subject(target.topic(), definition);
        match registry.known_writer(&subject, definition) {
            Some(schema) => {
                let (schema, start) = (schema?, target.buffer().len());
                wire::append(schema.id(), target.buffer());
                self.0
                    .write_registered(&schema, target.buffer())
                    .inspect_err(|_| target.buffer().truncate(start))?;
                Ok(Written::Payload)
            }
            None => {
                let (registry, staged) = (registry.clone(), self.0.stage()?);
                Ok(Written::Later(LatePayload::new(async move {
                    let schema = registry.writer(&subject, definition).await?;
                    written(&schema, staged)
                })))
            }
        }
    }
}

fn written(schema: &Arc<RegisteredSchema>, staged: Staged) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    wire::append(schema.id(), &mut bytes);
    staged(schema, &mut bytes)?;
    Ok(bytes)
}

/// What was written by the type's own schema already.
#[cfg(any(feature = "json-schema", feature = "protobuf"))]
pub(in crate::codec) fn staged_bytes(bytes: Vec<u8>) -> Staged {
    Box::new(move |_, buffer| {
        buffer.extend_from_slice(&bytes);
        Ok(())
    })
}
