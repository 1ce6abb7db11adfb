//! What a crash leaves of a compaction or a deletion, as Kafka settles it.
//!
//! A cleaned segment is written as `.cleaned`, renamed to `.swap` when it is complete, and to its
//! own name once the segments that it replaces are renamed to `.deleted`. So a `.swap` is carried
//! on with and everything else of the kind is thrown away.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::file::{LogFile, failed};
use super::names::{Kind, Suffix, parse, path};
use super::scan::scan;
use super::{Faults, text};
use crate::log::StorageError;

/// Ends what was begun in a partition's directory. Returns the first offsets of its segments, in
/// order.
pub(in crate::log) fn settle(dir: &Path) -> Result<Vec<i64>, StorageError> {
    let mut files = list(dir)?;
    let first_cleaned = of(&files, Suffix::Cleaned)
        .map(|file| file.base_offset)
        .min();
    for file in &files {
        let stray = file.suffix == Suffix::Swap
            && first_cleaned.is_some_and(|first| file.base_offset >= first);
        if stray || matches!(file.suffix, Suffix::Deleted | Suffix::Cleaned) {
            remove(&file.path)?;
        }
    }
    files = list(dir)?;
    if let Some((from, to)) = replaced(&files)? {
        tracing::info!(dir = %dir.display(), from, to, "a compaction that was interrupted is completed");
        for file in of(&files, Suffix::None) {
            if (from..to).contains(&file.base_offset) {
                remove(&file.path)?;
            }
        }
    }
    for file in of(&files, Suffix::Swap) {
        let to = path(dir, file.base_offset, file.kind, Suffix::None);
        fs::rename(&file.path, &to).map_err(|source| failed("rename", &file.path, source))?;
    }
    text::sync_dir(dir)?;
    remove_orphans(&list(dir)?)
}

struct Found {
    path: PathBuf,
    base_offset: i64,
    kind: Kind,
    suffix: Suffix,
}

fn list(dir: &Path) -> Result<Vec<Found>, StorageError> {
    let entries = fs::read_dir(dir).map_err(|source| failed("list", dir, source))?;
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| failed("list", dir, source))?;
        let name = entry.file_name();
        if let Some((base_offset, kind, suffix)) = name.to_str().and_then(parse) {
            files.push(Found {
                path: entry.path(),
                base_offset,
                kind,
                suffix,
            });
        }
    }
    Ok(files)
}

fn of(files: &[Found], suffix: Suffix) -> impl Iterator<Item = &Found> {
    files.iter().filter(move |file| file.suffix == suffix)
}

fn remove(file: &Path) -> Result<(), StorageError> {
    fs::remove_file(file).map_err(|source| failed("delete", file, source))
}

/// The offsets that complete cleaned segments stand for.
fn replaced(files: &[Found]) -> Result<Option<(i64, i64)>, StorageError> {
    let mut range = None;
    for file in of(files, Suffix::Swap).filter(|file| file.kind == Kind::Log) {
        let log = LogFile::open(file.path.clone(), Faults::default())?;
        let end = scan(&log, file.base_offset, usize::MAX, false)?.next_offset;
        let (from, to) = range.unwrap_or((file.base_offset, end));
        range = Some((from.min(file.base_offset), to.max(end)));
    }
    Ok(range)
}

/// Deletes what belongs to no segment, and returns the segments.
fn remove_orphans(files: &[Found]) -> Result<Vec<i64>, StorageError> {
    let logs = files.iter().filter(|file| file.kind == Kind::Log);
    let segments: BTreeSet<i64> = logs.map(|file| file.base_offset).collect();
    for file in files {
        let index = !matches!(file.kind, Kind::Log | Kind::Snapshot);
        if index && !segments.contains(&file.base_offset) {
            remove(&file.path)?;
        }
    }
    Ok(segments.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{BatchBuilder, patch_prefix};
    use crate::log::disk::temporary::TemporaryDir;

    fn log(dir: &Path, base_offset: i64, suffix: Suffix) {
        let mut batch = BatchBuilder::new().value("a").value("b").build().to_vec();
        patch_prefix(&mut batch, base_offset, 0);
        fs::write(path(dir, base_offset, Kind::Log, suffix), batch).unwrap();
        fs::write(path(dir, base_offset, Kind::Index, suffix), b"").unwrap();
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains(".log"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn an_unfinished_compaction_is_thrown_away() {
        let dir = TemporaryDir::new();
        log(dir.path(), 0, Suffix::None);
        log(dir.path(), 0, Suffix::Cleaned);
        log(dir.path(), 0, Suffix::Swap);
        log(dir.path(), 2, Suffix::Deleted);
        assert_eq!(settle(dir.path()).unwrap(), [0]);
        assert_eq!(names(dir.path()), ["00000000000000000000.log"]);
    }

    #[test]
    fn a_complete_cleaned_segment_replaces_what_it_was_made_from() {
        let dir = TemporaryDir::new();
        // Offsets 0 to 3 were compacted to the batch at 2, in a segment that begins at 0.
        for base in [0, 1, 4] {
            log(dir.path(), base, Suffix::None);
        }
        let mut batch = BatchBuilder::new().value("a").value("b").build().to_vec();
        patch_prefix(&mut batch, 2, 0);
        fs::write(path(dir.path(), 0, Kind::Log, Suffix::Swap), &batch).unwrap();
        assert_eq!(settle(dir.path()).unwrap(), [0, 4]);
        let kept = fs::read(path(dir.path(), 0, Kind::Log, Suffix::None)).unwrap();
        assert_eq!(kept, batch);
    }

    #[test]
    fn an_index_without_a_log_is_deleted() {
        let dir = TemporaryDir::new();
        log(dir.path(), 0, Suffix::None);
        let orphan = path(dir.path(), 9, Kind::TimeIndex, Suffix::None);
        fs::write(&orphan, b"").unwrap();
        settle(dir.path()).unwrap();
        assert!(!orphan.exists());
    }
}
