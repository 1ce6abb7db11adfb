//! Retry topics of a listener that the program makes.

/// How failed records of a [`Listener`](super::Listener) go through retry topics: what
/// `#[retryable(…)]` says for an annotated one.
///
/// Values are read when the application is built, placeholders included; a mistake is one of its boot
/// errors.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it does nothing until `Listener::retryable` takes it"]
pub struct Retryable(Vec<(String, String)>);

impl Retryable {
    /// Three deliveries, a second between them.
    pub fn new() -> Self {
        Self(vec![("enabled".to_owned(), "true".to_owned())])
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
        self.0.push((key.into(), value.into()));
        self
    }

    pub(super) fn into_settings(self) -> Vec<(String, String)> {
        self.0
    }
}

impl Default for Retryable {
    fn default() -> Self {
        Self::new()
    }
}
