//! Certificates and keys: the PEM itself, or a file of it.

use std::path::PathBuf;

use crate::config::tree::Node;
use crate::config::values::text;
use crate::config::{ConfigError, Secret};

/// What every PEM text has.
const BEGIN: &str = "-----BEGIN ";
/// Longer than any chain.
const MAX_BYTES: u64 = 1 << 20;

/// Certificates or a key in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pem {
    /// The PEM itself, as it stands in the settings.
    Inline(Secret),
    /// A file of it; read when a client is made.
    File(PathBuf),
}

impl Pem {
    /// The text, from wherever it is.
    pub(super) fn read(&self) -> Option<String> {
        match self {
            Self::Inline(text) => Some(text.expose().to_owned()),
            Self::File(path) => std::fs::read_to_string(path).ok(),
        }
    }
}

/// A PEM text, or the path of a file of it, as in Spring Boot's PEM bundles.
pub(super) fn pem(node: &Node) -> Result<Pem, ConfigError> {
    let value = text(node)?;
    match value.contains(BEGIN) {
        true => Ok(Pem::Inline(Secret::new(value))),
        false => file(node, value),
    }
}

/// The path of a PEM file.
pub(super) fn pem_file(node: &Node) -> Result<Pem, ConfigError> {
    file(node, text(node)?)
}

fn file(node: &Node, path: String) -> Result<Pem, ConfigError> {
    let refuse = |reason: String| {
        let reason = match node.is_secret() {
            true => reason.replace(&path, "(not shown: it may be a secret)"),
            false => reason,
        };
        Err(ConfigError::file(reason))
    };
    if path.contains('\n') || path.trim().is_empty() {
        return refuse("neither a PEM text, which has lines -----BEGIN …-----, nor a path".into());
    }
    let size = std::fs::metadata(&path);
    match size {
        Ok(file) if file.is_dir() => return refuse(format!("{path} is a folder, not a PEM file")),
        Ok(file) if file.len() > MAX_BYTES => {
            return refuse(format!("{path} is larger than 1 MiB: not a PEM file"));
        }
        Ok(_) => {}
        Err(error) => return refuse(format!("{path} cannot be read: {error}")),
    }
    match std::fs::read_to_string(&path) {
        Ok(text) if text.contains(BEGIN) => Ok(Pem::File(path.into())),
        Ok(_) => refuse(format!(
            "{path} is not a PEM file: it has no line -----BEGIN …-----"
        )),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => refuse(format!(
            "{path} is not a PEM file but binary: convert it with openssl"
        )),
        Err(error) => refuse(format!("{path} cannot be read: {error}")),
    }
}
