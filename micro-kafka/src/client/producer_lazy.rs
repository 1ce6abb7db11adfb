//! A producer that is made when it is first needed, and again when it is broken.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use super::{ConfigError, ErrorCode, Producer, Refusal};

type Make = Box<dyn Fn() -> Result<Producer, ConfigError> + Send + Sync>;

/// A producer from its first use on: threads, connections and memory only where something is sent.
pub(crate) struct LazyProducer {
    made: RwLock<Option<Arc<Producer>>>,
    make: Option<Make>,
    /// Held while it is made, or closed.
    closed: Mutex<bool>,
}

impl LazyProducer {
    /// A producer that `make` makes at its first use.
    pub(crate) fn new(
        make: impl Fn() -> Result<Producer, ConfigError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            made: RwLock::default(),
            make: Some(Box::new(make)),
            closed: Mutex::new(false),
        }
    }

    /// A producer that `make` makes now, and again if it breaks.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn at_once(
        make: impl Fn() -> Result<Producer, ConfigError> + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        let lazy = Self::new(make);
        if let Some(make) = &lazy.make {
            *lazy.made.write() = Some(Arc::new(make()?));
        }
        Ok(lazy)
    }

    /// The producer, if it was needed already.
    pub(crate) fn if_made(&self) -> Option<Arc<Producer>> {
        self.made.read().clone()
    }

    /// The producer, made now if need be: for the first time, or because it is broken.
    ///
    /// # Errors
    /// If it was closed before, or the system has no thread for it.
    pub(crate) fn get(&self) -> Result<Arc<Producer>, Refusal> {
        if let Some(producer) = self.usable() {
            return Ok(producer);
        }
        let closed = self.closed.lock();
        if *closed {
            let made = self.if_made();
            return made.ok_or_else(|| Refusal::of(ErrorCode::DESTROYED));
        }
        if let Some(producer) = self.usable() {
            return Ok(producer);
        }
        let Some(make) = &self.make else {
            return self
                .if_made()
                .ok_or_else(|| Refusal::of(ErrorCode::DESTROYED));
        };
        let producer = make().map(Arc::new).map_err(|error| Refusal {
            code: ErrorCode::NO_RESOURCE,
            reason: error.to_string(),
        })?;
        if let Some(broken) = self.made.write().replace(Arc::clone(&producer)) {
            tracing::warn!("a broken producer was replaced");
            retire(broken);
        }
        Ok(producer)
    }

    fn usable(&self) -> Option<Arc<Producer>> {
        self.if_made()
            .filter(|producer| self.make.is_none() || !producer.core().is_broken())
    }

    /// As [`Producer::close`]; one that was not made never will be.
    pub(crate) fn close(&self, deadline: Duration) -> usize {
        *self.closed.lock() = true;
        self.if_made()
            .map_or(0, |producer| producer.close(deadline))
    }
}

/// The end of a producer waits for its reports: not on the thread of whoever sends next.
fn retire(producer: Arc<Producer>) {
    let thread = std::thread::Builder::new().name("mk-producer-close".into());
    if let Err(error) = thread.spawn(move || drop(producer)) {
        tracing::debug!(%error, "no thread to end a broken producer");
    }
}

impl From<Producer> for LazyProducer {
    /// A producer that is there already, and not made again.
    fn from(producer: Producer) -> Self {
        Self {
            made: RwLock::new(Some(Arc::new(producer))),
            make: None,
            closed: Mutex::new(false),
        }
    }
}

impl fmt::Debug for LazyProducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyProducer")
            .field("made", &self.made.read())
            .finish_non_exhaustive()
    }
}
