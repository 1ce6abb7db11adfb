//! What can be wrong with the configuration, and the report of all of it.

use std::fmt;

use super::Origin;

/// One mistake in the configuration: what, which key, where, and what to do about it.
///
/// Never holds the value of a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    details: Box<Details>,
}

#[derive(Clone, PartialEq, Eq)]
struct Details {
    key: Option<String>,
    origin: Option<Origin>,
    problem: ConfigProblem,
    hint: Option<String>,
}

/// The kinds of mistakes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigProblem {
    /// The key is not one that micro-kafka or librdkafka knows.
    #[error("unknown key")]
    UnknownKey,
    /// The value has another type than the key takes.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What the key takes.
        expected: String,
        /// What was written.
        found: String,
    },
    /// The value has the right type, and is refused all the same.
    #[error("{reason}")]
    InvalidValue {
        /// Why it is refused.
        reason: String,
    },
    /// Nothing sets a key that was asked for.
    #[error("not set")]
    Missing,
    /// One table holds two spellings of one key.
    #[error("the same key was written before, at {first}")]
    DuplicateKey {
        /// Where the first one is.
        first: Origin,
    },
    /// A `${…}` cannot be resolved.
    #[error("{reason}")]
    Placeholder {
        /// Why not.
        reason: String,
    },
    /// The text is not TOML.
    #[error("{reason}")]
    Syntax {
        /// What the parser says.
        reason: String,
    },
    /// A file cannot be used.
    #[error("{reason}")]
    File {
        /// Why not.
        reason: String,
    },
    /// A librdkafka property that a setting of the framework stands for.
    #[error("this property belongs to the framework")]
    OwnedProperty,
    /// Two settings exclude each other.
    #[error("{reason}")]
    Conflict {
        /// Which ones, and why.
        reason: String,
    },
}

impl ConfigError {
    pub(crate) fn new(problem: ConfigProblem) -> Self {
        let details = Details {
            key: None,
            origin: None,
            problem,
            hint: None,
        };
        Self {
            details: Box::new(details),
        }
    }

    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::new(ConfigProblem::InvalidValue {
            reason: reason.into(),
        })
    }

    pub(crate) fn wrong_type(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(ConfigProblem::WrongType {
            expected: expected.into(),
            found: found.into(),
        })
    }

    /// One key written twice; located at the one that comes later in its file.
    pub(crate) fn duplicate(one: (&str, &Origin), other: (&str, &Origin)) -> Self {
        let (first, second) = if one.1 <= other.1 {
            (one, other)
        } else {
            (other, one)
        };
        let first = first.1.clone();
        Self::new(ConfigProblem::DuplicateKey { first })
            .key(second.0)
            .at(second.1)
    }

    pub(crate) fn file(reason: impl Into<String>) -> Self {
        Self::new(ConfigProblem::File {
            reason: reason.into(),
        })
    }

    pub(crate) fn placeholder(reason: impl Into<String>) -> Self {
        Self::new(ConfigProblem::Placeholder {
            reason: reason.into(),
        })
    }

    pub(crate) fn conflict(reason: impl Into<String>) -> Self {
        Self::new(ConfigProblem::Conflict {
            reason: reason.into(),
        })
    }

    pub(crate) fn key(mut self, key: impl Into<String>) -> Self {
        self.details.key = Some(key.into());
        self
    }

    pub(crate) fn at(mut self, origin: &Origin) -> Self {
        self.details.origin = Some(origin.clone());
        self
    }

    /// Gives it a place unless it has one.
    pub(crate) fn at_if_unplaced(mut self, origin: &Origin) -> Self {
        self.details.origin.get_or_insert_with(|| origin.clone());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.details.hint = Some(hint.into());
        self
    }

    /// The full key, such as `kafka.consumer.group-id`; `None` for a whole file.
    #[must_use]
    pub fn key_path(&self) -> Option<&str> {
        self.details.key.as_deref()
    }

    /// Where the mistake was written.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.details.origin.as_ref()
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &ConfigProblem {
        &self.details.problem
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.details.hint.as_deref()
    }
}

impl ConfigError {
    /// What reports are sorted by.
    fn place(&self) -> (Option<&Origin>, Option<&str>) {
        (self.origin(), self.key_path())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.details.origin {
            write!(f, "{origin}: ")?;
        }
        if let Some(key) = &self.details.key {
            write!(f, "{key}: ")?;
        }
        write!(f, "{}", self.details.problem)?;
        match &self.details.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigError {}

/// Every mistake that was found, in the order of files and lines; never empty.
///
/// `Debug` is the same report as `Display`, since that is what `main` prints.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
}

impl ConfigErrors {
    /// `Ok` if there are none.
    pub(crate) fn check(mut errors: Vec<ConfigError>) -> Result<(), Self> {
        if errors.is_empty() {
            return Ok(());
        }
        errors.sort_by(|a, b| a.place().cmp(&b.place()));
        errors.dedup();
        Err(Self { errors })
    }

    /// The mistakes.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.errors.iter()
    }

    /// The mistakes, to be joined with others into one report.
    #[must_use]
    pub fn into_vec(self) -> Vec<ConfigError> {
        self.errors
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self {
            errors: vec![error],
        }
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.len() {
            1 => f.write_str("1 mistake in the configuration:")?,
            n => write!(f, "{n} mistakes in the configuration:")?,
        }
        for error in &self.errors {
            write!(f, "\n  {error}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigErrors {}
