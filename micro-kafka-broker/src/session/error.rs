//! Requests that do not fit their session.

/// Why a session does not serve a request; the client begins a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SessionError {
    /// There is no such session, or it has been evicted.
    #[error("the session is not known")]
    NotFound,
    /// The request is not the one after the last.
    #[error("the epoch is not the session's next")]
    WrongEpoch,
    /// The session names topics otherwise than the request's version does.
    #[error("the session names topics by id, the request by name, or the other way round")]
    TopicNames,
}
