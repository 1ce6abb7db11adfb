//! Where a setting was written.

use std::fmt;
use std::sync::Arc;

/// The place a setting came from, as shown in every error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// A TOML file or a Rust source file with an attribute; line and column count from 1.
    File {
        /// The path as it was opened.
        path: Arc<str>,
        /// The line.
        line: usize,
        /// The column, in characters.
        column: usize,
    },
    /// An environment variable.
    Env(Arc<str>),
    /// A value set through [`ConfigBuilder::set`](super::ConfigBuilder::set).
    Program,
    /// A default of the framework.
    Default,
}

impl Origin {
    /// A place in a file; for an attribute of a function, `file!()`, `line!()` and `column!()`.
    #[must_use]
    pub fn file(path: &str, line: usize, column: usize) -> Self {
        Self::File {
            path: Arc::from(path),
            line,
            column,
        }
    }

    /// An environment variable.
    #[must_use]
    pub fn env(name: &str) -> Self {
        Self::Env(Arc::from(name))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Program => f.write_str("set by the program"),
            Self::Default => f.write_str("default of the framework"),
        }
    }
}
