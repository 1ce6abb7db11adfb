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
