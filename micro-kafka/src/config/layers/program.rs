//! Single values, put at a path.

use crate::config::key::Key;
use crate::config::tree::{Entry, Node, Table, Value};
use crate::config::{ConfigError, ConfigProblem};

const MAX_LEVELS: usize = 16;

/// Puts a value at a path of levels, with tables on the way.
///
/// # Errors
/// A value where a table is needed or the reverse, a second value, or too many levels.
pub(crate) fn insert_path(
    table: &mut Table,
    levels: &[&str],
    node: Node,
) -> Result<(), ConfigError> {
    if levels.len() > MAX_LEVELS {
        let reason = format!("a key has at most {MAX_LEVELS} levels");
        return Err(ConfigError::invalid(reason));
    }
    let Some((last, path)) = levels.split_last() else {
        return Err(ConfigError::invalid("the key is empty"));
    };
    if levels.iter().any(|level| level.is_empty()) {
        return Err(ConfigError::invalid("a level of the key is empty").key(levels.join(".")));
    }
    let mut inner = table;
    for level in path {
        inner = table_at(inner, level, &node).map_err(|e| e.key(levels.join(".")))?;
    }
    if let Some((_, first)) = inner.find(last) {
        let first = first.key_origin.clone();
        let error = ConfigError::new(ConfigProblem::DuplicateKey { first });
        return Err(error.key(levels.join(".")));
    }
    let key_origin = node.origin.clone();
    inner.insert(Key::new(last), Entry { key_origin, node });
    Ok(())
}

fn table_at<'t>(
    table: &'t mut Table,
    level: &str,
    below: &Node,
) -> Result<&'t mut Table, ConfigError> {
    if table.find(level).is_none() {
        let node = Node {
            value: Value::Table(Table::default()),
            origin: below.origin.clone(),
        };
        let key_origin = below.origin.clone();
        table.insert(Key::new(level), Entry { key_origin, node });
    }
    match table.find_mut(level).map(|entry| &mut entry.node.value) {
        Some(Value::Table(inner)) => Ok(inner),
        _ => {
            let reason = format!("\"{level}\" is set to a value and cannot also be a table");
            Err(ConfigError::invalid(reason))
        }
    }
}
