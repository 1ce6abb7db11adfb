//! What all payloads of an application share.

use std::sync::OnceLock;

/// What all payloads of an application share: handlers, sends and replies alike. Cheap to clone.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Codecs {}

impl Codecs {
    /// Of code that runs without an application.
    #[must_use]
    pub fn none() -> &'static Self {
        static NONE: OnceLock<Codecs> = OnceLock::new();
        NONE.get_or_init(Self::default)
    }
}
