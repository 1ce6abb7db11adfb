//! Retry topics of a listener that the program makes.

use std::error::Error;

use crate::error::Cause;

/// How failed records of a [`Listener`](super::Listener) go through retry topics: what
/// `#[retryable(…)]` says for an annotated one.
///
/// Values are read when the application is built, placeholders included; a mistake is one of its boot
/// errors.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it does nothing until `Listener::retryable` takes it"]
pub struct Retryable {
    settings: Vec<(String, String)>,
    causes: Vec<Cause>,
}

impl Retryable {
    /// Three deliveries, a second between them.
    pub fn new() -> Self {
        Self {
            settings: vec![("enabled".to_owned(), "true".to_owned())],
            causes: Vec::new(),
        }
    }

    /// Deliveries in all, the first one included.
    pub fn attempts(self, attempts: u32) -> Self {
        self.set("attempts", attempts.to_string())
    }

    /// The waits between them, as in `"1s..5m x4"`.
    pub fn backoff(self, waits: impl Into<String>) -> Self {
        self.set("backoff", waits)
    }

    /// Any key of `[kafka.listeners.<id>.retry-topic]`, its value as text; lists with commas.
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((key.into(), value.into()));
        self
    }

    /// Retries errors of this type, and those that have one among their causes, and beside them only
    /// what `include` names, too.
    pub fn include<E: Error + 'static>(self) -> Self {
        self.cause("include", Cause::of::<E>())
    }

    /// Does not retry errors of this type, nor those that have one among their causes.
    pub fn exclude<E: Error + 'static>(self) -> Self {
        self.cause("exclude", Cause::of::<E>())
    }

    fn cause(mut self, key: &str, cause: Cause) -> Self {
        let lists = self.settings.iter_mut();
        match lists.into_iter().rfind(|(known, _)| known == key) {
            Some((_, list)) => {
                list.push(',');
                list.push_str(cause.name());
            }
            None => {
                let name = cause.name().to_owned();
                self.settings.push((key.to_owned(), name));
            }
        }
        self.causes.push(cause);
        self
    }

    pub(super) fn into_parts(self) -> (Vec<(String, String)>, Vec<Cause>) {
        (self.settings, self.causes)
    }
}

impl Default for Retryable {
    fn default() -> Self {
        Self::new()
    }
}
