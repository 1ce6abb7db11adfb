//! What goes wrong in a user's table, with the innermost place it is known for.

use std::fmt::Display;

use serde::de::{Error, Expected, Unexpected};

use crate::config::secret::is_secret;
use crate::config::suggestion::advice;
use crate::config::tree::Node;
use crate::config::{ConfigError, ConfigProblem, Origin};

/// A mistake on its way up to where its place is known.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: ConfigError,
    placed: bool,
}

impl Failure {
    pub(crate) fn new(error: ConfigError) -> Self {
        Self {
            error,
            placed: false,
        }
    }

    /// Gives it the place of the innermost value that it passes.
    pub(crate) fn placed(self, node: &Node, path: &str) -> Self {
        let secret = node.is_secret() || is_secret(path);
        self.placed_at(path, &node.origin, secret)
    }

    pub(crate) fn placed_at(self, path: &str, origin: &Origin, secret: bool) -> Self {
        if self.placed {
            return self;
        }
        let error = match secret {
            true => ConfigError::invalid("the value is refused (not shown: it may be a secret)"),
            false => self.error,
        };
        Self {
            error: error.key(path).at(origin),
            placed: true,
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Display::fmt(&self.error, f)
    }
}

impl std::error::Error for Failure {}

impl Error for Failure {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(ConfigError::invalid(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(ConfigError::wrong_type(
            expected.to_string(),
            found.to_string(),
        ))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let error = ConfigError::new(ConfigProblem::UnknownKey);
        Self::new(error.hint(advice(field, expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let error = ConfigError::invalid(format!("{variant:?} is not one of the choices"));
        Self::new(error.hint(advice(variant, expected).replace("valid keys", "choices")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(ConfigError::invalid(format!(
            "the key \"{field}\" is missing"
        )))
    }
}
