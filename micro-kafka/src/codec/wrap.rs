//! The payload wrappers.

/// A payload in JSON: read by `T`'s `Deserialize` in a handler, written by its `Serialize` in a
/// send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

/// A payload in UTF-8: `Text<&str>` or `Text<String>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Text<S = String>(pub S);

/// A payload as it stands: `Bytes<&[u8]>` or `Bytes<Vec<u8>>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bytes<B = Vec<u8>>(pub B);

/// A number as Kafka's own serializers write it: big-endian, in its own width (`ShortSerializer`
/// and `Number<i16>`, `IntegerSerializer` and `Number<i32>`, `LongSerializer` and `Number<i64>`,
/// `FloatSerializer` and `Number<f32>`, `DoubleSerializer` and `Number<f64>`). A key needs no
/// wrapper: `Key<i64>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Number<N>(pub N);

/// A value by its text: read by `FromStr`, written by `Display`, as Spring's
/// `ParseStringDeserializer` and `ToStringSerializer` do; `Parsed<Uuid>` is Kafka's
/// `UUIDSerializer`. As a key: `Key<Parsed<Uuid>>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Parsed<T>(pub T);

/// No payload: reads and writes null only, as Kafka's `VoidSerializer`. A handler that takes both
/// has an `Option<…>`, and `None` sends a tombstone, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Tombstone;

/// A payload in Protobuf, without a header: `M` is a message of prost.
///
/// With a schema registry it is `Registered<Protobuf<M>>`.
#[cfg(feature = "protobuf")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protobuf<M>(pub M);

/// A payload in JSON that keeps to the JSON Schema of `T`, without a header; both what is read and
/// what is written is looked through.
///
/// With a schema registry it is `Registered<JsonSchema<T>>`.
#[cfg(feature = "json-schema")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JsonSchema<T>(pub T);
