//! What can keep an application from starting, all of it at once.

use std::collections::HashSet;
use std::fmt;

use crate::config::{ConfigError, ConfigErrors};
use crate::listener::{ContainerError, Source};

/// An application that cannot be built, started or run.
///
/// `Debug` is the readable report as well, because that is what `fn main` prints.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is wrong with settings or listeners; nothing was started.
    #[error("{0}")]
    Boot(BootErrors),
    /// The runtime cannot carry listeners.
    #[error("{0}")]
    Runtime(String),
    /// A listener could not be started; those started before it were stopped.
    #[error("{0}")]
    Start(#[source] ContainerError),
    /// The process cannot listen for signals.
    #[error("signals cannot be received")]
    Signal(#[source] std::io::Error),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One thing that is wrong at boot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BootError {
    place: Option<String>,
    text: String,
}

impl BootError {
    /// Something that has no single place.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            place: None,
            text: text.into(),
        }
    }

    /// Something at a listener.
    pub(crate) fn at(source: Option<Source>, text: impl Into<String>) -> Self {
        let place = source.map(|source| source.to_string());
        Self {
            place,
            text: text.into(),
        }
    }
}

impl From<ConfigError> for BootError {
    fn from(error: ConfigError) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Everything that is wrong at boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootErrors(Vec<BootError>);

impl BootErrors {
    /// `Ok` if nothing is wrong; a setting that several listeners share is told once.
    pub(crate) fn check(mut errors: Vec<BootError>) -> Result<(), Self> {
        let mut told = HashSet::new();
        errors.retain(|error| told.insert(error.clone()));
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self(errors))
        }
    }

    /// A single problem.
    pub(crate) fn one(text: impl Into<String>) -> Self {
        Self(vec![BootError::new(text)])
    }

    /// The single problems.
    pub fn iter(&self) -> std::slice::Iter<'_, BootError> {
        self.0.iter()
    }
}

impl fmt::Display for BootErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the application cannot start, 1 problem:")?,
            n => write!(f, "the application cannot start, {n} problems:")?,
        }
        for error in &self.0 {
            write!(f, "\n  - {error}")?;
        }
        Ok(())
    }
}

impl From<BootErrors> for Error {
    fn from(errors: BootErrors) -> Self {
        Self::Boot(errors)
    }
}

impl From<ConfigErrors> for Error {
    fn from(errors: ConfigErrors) -> Self {
        let errors = errors.into_vec().into_iter().map(BootError::from).collect();
        Self::Boot(BootErrors(errors))
    }
}
