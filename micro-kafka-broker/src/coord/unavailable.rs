//! Why a coordinator cannot answer now.

/// Why a coordinator cannot answer now; the client asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unavailable {
    /// The state is still being read from its topic.
    #[error("the coordinator's state is being loaded")]
    Loading,
    /// The outcome could not be written down, so it did not happen.
    #[error("the coordinator's state cannot be written")]
    NotWritten,
    /// Another broker coordinates it.
    #[error("another broker is the coordinator")]
    Elsewhere,
    /// The coordinator or its topic has ended.
    #[error("the coordinator has ended")]
    Ended,
}
