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
    /// What a file holds that is named in the place of the value, or that lies in a folder of such
    /// files.
    SecretFile {
        /// The path as it was opened.
        path: Arc<str>,
        /// Where the file or its folder is named.
        named_at: Box<Self>,
    },
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

    /// A file that holds a value, and the place that names it.
    pub(crate) fn secret_file(path: &std::path::Path, named_at: &Self) -> Self {
        Self::SecretFile {
            path: Arc::from(path.display().to_string()),
            named_at: Box::new(named_at.clone()),
        }
    }

    /// The folder that relative paths written here begin at: that of the file, else the process's
    /// own.
    pub(crate) fn folder(&self) -> &std::path::Path {
        let parent = match self {
            Self::File { path, .. } => std::path::Path::new(&**path).parent(),
            _ => None,
        };
        parent.unwrap_or(std::path::Path::new(""))
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
            Self::SecretFile { path, named_at } => write!(f, "{path}, named at {named_at}"),
            Self::Program => f.write_str("set by the program"),
            Self::Default => f.write_str("default of the framework"),
        }
    }
}
