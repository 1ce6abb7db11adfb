//! `leader-epoch-checkpoint`: which leader epoch began at which offset.

use std::path::Path;

use super::{checkpoint, text};
use crate::log::StorageError;

const NAME: &str = "leader-epoch-checkpoint";

/// Reads the epochs of a partition; a file that is missing or not whole has none.
pub(super) fn load(dir: &Path) -> Result<Vec<(i32, i64)>, StorageError> {
    let file = dir.join(NAME);
    let Some(content) = text::read(&file)? else {
        return Ok(Vec::new());
    };
    let parsed = checkpoint::parse::<2>(&content).and_then(|lines| {
        let lines = lines.into_iter();
        let epochs = lines.map(|[epoch, start]| Some((epoch.parse().ok()?, start.parse().ok()?)));
        epochs.collect::<Option<Vec<_>>>()
    });
    if parsed.is_none() {
        tracing::warn!(file = %file.display(), "the leader epochs cannot be read");
    }
    Ok(parsed.unwrap_or_default())
}

/// Writes the epochs of a partition.
pub(super) fn store(dir: &Path, epochs: &[(i32, i64)]) -> Result<(), StorageError> {
    let lines = epochs
        .iter()
        .map(|(epoch, start)| format!("{epoch} {start}"));
    text::replace_derived(&dir.join(NAME), checkpoint::format(lines).as_bytes())
}
