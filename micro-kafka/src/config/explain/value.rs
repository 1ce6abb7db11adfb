//! Values as they may be shown.

use std::fmt;

use crate::config::reference::{Key, Kind};
use crate::config::secret::{MASK, is_secret};
use crate::config::tree::{Node, Value};

/// A value in the form of TOML, masked if it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown(String);

impl Shown {
    pub(super) fn text(text: &str, secret: bool) -> Self {
        Self(format!("{:?}", if secret { MASK } else { text }))
    }

    /// The default of a key; `None` if there is none.
    pub(super) fn default_of(key: &Key) -> Option<Self> {
        match (key.default, key.kind) {
            ("", _) => None,
            (value, Kind::Boolean | Kind::Integer) => Some(Self(value.to_owned())),
            (value, _) => Some(Self::text(value, false)),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was written under this key.
pub(super) fn of_node(key: &str, node: &Node) -> Shown {
    if is_secret(key) || node.is_secret() {
        return Shown::text(MASK, false);
    }
    match &node.value {
        Value::Array(nodes) => {
            let items: Vec<String> = nodes.iter().map(|node| of_node(key, node).0).collect();
            Shown(format!("[{}]", items.join(", ")))
        }
        Value::Text(text) => Shown::text(&text.text, false),
        _ => Shown(node.as_text().unwrap_or_else(|| node.kind().to_owned())),
    }
}
