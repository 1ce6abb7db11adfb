//! A producer that is made when it is first needed.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use parking_lot::Mutex;

use super::{ConfigError, ErrorCode, Producer, Refusal};

type Make = Box<dyn Fn() -> Result<Producer, ConfigError> + Send + Sync>;

/// A producer from its first use on: threads, connections and memory only where something is sent.
pub(crate) struct LazyProducer {
    made: OnceLock<Producer>,
    make: Make,
    /// Held while it is made, or closed.
    closed: Mutex<bool>,
}

impl LazyProducer {
    /// A producer that `make` makes at its first use.
    pub(crate) fn new(
        make: impl Fn() -> Result<Producer, ConfigError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            made: OnceLock::new(),
            make: Box::new(make),
            closed: Mutex::new(false),
        }
    }

    /// The producer, if it was needed already.
    pub(crate) fn if_made(&self) -> Option<&Producer> {
        self.made.get()
    }

    /// The producer, made now if need be.
    ///
    /// # Errors
    /// If it was closed before, or the system has no thread for it.
    pub(crate) fn get(&self) -> Result<&Producer, Refusal> {
        if let Some(producer) = self.made.get() {
            return Ok(producer);
        }
        let closed = self.closed.lock();
        if *closed {
            return Err(Refusal::of(ErrorCode::DESTROYED));
        }
        if let Some(producer) = self.made.get() {
            return Ok(producer);
        }
        match (self.make)() {
            Ok(producer) => Ok(self.made.get_or_init(|| producer)),
            Err(error) => Err(Refusal {
                code: ErrorCode::NO_RESOURCE,
                reason: error.to_string(),
            }),
        }
    }

    /// As [`Producer::close`]; one that was not made never will be.
    pub(crate) fn close(&self, deadline: Duration) -> usize {
        *self.closed.lock() = true;
        self.made
            .get()
            .map_or(0, |producer| producer.close(deadline))
    }
}

impl From<Producer> for LazyProducer {
    /// A producer that is there already.
    fn from(producer: Producer) -> Self {
        let missing = || {
            Err(ConfigError::Client {
                reason: "it was made before".into(),
            })
        };
        let lazy = Self::new(missing);
        lazy.made.get_or_init(|| producer);
        lazy
    }
}

impl fmt::Debug for LazyProducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyProducer")
            .field("made", &self.made.get())
            .finish_non_exhaustive()
    }
}
