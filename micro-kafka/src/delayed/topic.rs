//! Where delayed sends of a template go.

use crate::clock::Clock;

/// Turns the delayed sends of a template on; part of its
/// [`TemplateConfig`](crate::template::TemplateConfig).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DelayedTopic {
    /// The topic of waiting records, without namespace: that of `[kafka.delayed]` in the service
    /// that forwards them.
    pub name: String,
    /// What tells the time from which a delay counts; the system's by default.
    pub clock: Clock,
}

impl DelayedTopic {
    /// A topic of that name, and the system's clock.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            clock: Clock::system(),
        }
    }
}
