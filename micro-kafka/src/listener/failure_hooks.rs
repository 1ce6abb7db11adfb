//! Who is told of failures.

use super::AlarmHook;
use crate::error::RetryListeners;

/// Who is told of failures and of what becomes of them.
#[derive(Debug, Clone, Default)]
pub struct FailureHooks {
    /// Each failure.
    pub retry_listeners: RetryListeners,
    /// Many of them in a short time.
    pub alarm: AlarmHook,
}
