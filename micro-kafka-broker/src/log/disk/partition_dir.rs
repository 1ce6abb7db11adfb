//! The directory of one partition.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::names::{Kind, Suffix, parse, path};
use super::{
    AbortedEntry, Faults, LogFile, ProducerEntry, epochs, file::failed, partition_metadata,
    snapshot, text, txn_index,
};
use crate::log::StorageError;
use crate::wire::Uuid;

/// The directory of one partition.
#[derive(Debug, Clone)]
pub(crate) struct PartitionDir {
    path: PathBuf,
    faults: Faults,
}

impl PartitionDir {
    pub(super) fn new(path: PathBuf, faults: Faults) -> Self {
        Self { path, faults }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the directory if there is none, and says whose it is.
    pub(crate) fn create(&self, topic_id: Uuid) -> Result<(), StorageError> {
        let created = fs::create_dir_all(&self.path);
        created.map_err(|source| failed("create", &self.path, source))?;
        if self.topic_id()?.is_none() {
            partition_metadata::store(&self.path, topic_id)?;
        }
        Ok(())
    }

    /// The topic that the directory says it belongs to.
    pub(crate) fn topic_id(&self) -> Result<Option<Uuid>, StorageError> {
        partition_metadata::load(&self.path)
    }

    /// Leader epochs with the offsets at which they began.
    pub(crate) fn epochs(&self) -> Result<Vec<(i32, i64)>, StorageError> {
        epochs::load(&self.path)
    }

    /// Keeps the leader epochs.
    pub(crate) fn store_epochs(&self, starts: &[(i32, i64)]) -> Result<(), StorageError> {
        epochs::store(&self.path, starts)
    }

    /// The path of a segment's file.
    pub(in crate::log) fn file(&self, base_offset: i64, kind: Kind, suffix: Suffix) -> PathBuf {
        path(&self.path, base_offset, kind, suffix)
    }

    /// Opens or creates a segment's batches.
    pub(in crate::log) fn open(
        &self,
        base_offset: i64,
        suffix: Suffix,
    ) -> Result<LogFile, StorageError> {
        let path = self.file(base_offset, Kind::Log, suffix);
        LogFile::open(path, self.faults.clone())
    }

    /// Takes a segment's files out of the log and deletes them, and with them the snapshot before
    /// it.
    pub(in crate::log) fn delete_segment(&self, base_offset: i64) -> Result<(), StorageError> {
        // All are out of the log before the first is gone.
        let mut renamed = Vec::new();
        for kind in Kind::ALL {
            let from = self.file(base_offset, kind, Suffix::None);
            let to = self.file(base_offset, kind, Suffix::Deleted);
            match fs::rename(&from, &to) {
                Ok(()) => renamed.push(to),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(failed("rename", &from, source)),
            }
        }
        for file in renamed {
            fs::remove_file(&file).map_err(|source| failed("delete", &file, source))?;
        }
        Ok(())
    }

    /// Puts a cleaned segment, which is complete, in the place of `first` and the `others` behind
    /// it. Whatever step this is interrupted at, the next start ends or undoes it.
    pub(in crate::log) fn swap_in(
        &self,
        first: i64,
        others: &[i64],
        aborted: &[AbortedEntry],
    ) -> Result<(), StorageError> {
        txn_index::replace(&self.file(first, Kind::TxnIndex, Suffix::Cleaned), aborted)?;
        self.rename_all(first, Suffix::Cleaned, Suffix::Swap)?;
        text::sync_dir(&self.path)?;
        for &other in others {
            self.delete_segment(other)?;
        }
        if aborted.is_empty() {
            txn_index::replace(&self.file(first, Kind::TxnIndex, Suffix::None), &[])?;
        }
        self.rename_all(first, Suffix::Swap, Suffix::None)?;
        text::sync_dir(&self.path)
    }

    /// Deletes the files of a cleaned segment that replaces nothing.
    pub(in crate::log) fn delete_cleaned(&self, base_offset: i64) -> Result<(), StorageError> {
        for kind in Kind::ALL {
            let file = self.file(base_offset, kind, Suffix::Cleaned);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("delete", &file, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Renames a segment's files, but for the snapshot before it; batches first.
    fn rename_all(&self, base_offset: i64, from: Suffix, to: Suffix) -> Result<(), StorageError> {
        for kind in [Kind::Log, Kind::Index, Kind::TimeIndex, Kind::TxnIndex] {
            let old = self.file(base_offset, kind, from);
            match fs::rename(&old, self.file(base_offset, kind, to)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("rename", &old, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds to the index of aborted transactions of the segment with the marker.
    pub(in crate::log) fn append_aborted(
        &self,
        base_offset: i64,
        entry: &AbortedEntry,
    ) -> Result<(), StorageError> {
        let file = self.file(base_offset, Kind::TxnIndex, Suffix::None);
        txn_index::append(&file, entry)
    }

    /// A segment's aborted transactions whose markers lie before an offset; others are dropped
    /// from the file.
    pub(in crate::log) fn aborted_before(
        &self,
        base_offset: i64,
        end: i64,
    ) -> Result<Vec<AbortedEntry>, StorageError> {
        let file = self.file(base_offset, Kind::TxnIndex, Suffix::None);
        let all = txn_index::load(&file)?;
        let kept = all.partition_point(|entry| entry.last_offset < end);
        if kept < all.len() {
            txn_index::replace(&file, &all[..kept])?;
        }
        Ok(all[..kept].to_vec())
    }

    /// Keeps the producers' state before an offset.
    pub(in crate::log) fn store_snapshot(
        &self,
        offset: i64,
        entries: &[ProducerEntry],
    ) -> Result<(), StorageError> {
        let file = self.file(offset, Kind::Snapshot, Suffix::None);
        let written = fs::write(&file, snapshot::encode(entries));
        written.map_err(|source| failed("write", &file, source))
    }

    /// The newest snapshot before or at `end` that can be read, with its offset. Newer ones and
    /// those that cannot be read are deleted.
    pub(in crate::log) fn newest_snapshot(
        &self,
        end: i64,
    ) -> Result<Option<(i64, Vec<ProducerEntry>)>, StorageError> {
        for offset in self.snapshots()?.into_iter().rev() {
            let file = self.file(offset, Kind::Snapshot, Suffix::None);
            if offset <= end {
                let bytes = fs::read(&file).map_err(|source| failed("read", &file, source))?;
                match snapshot::decode(&bytes) {
                    Ok(entries) => return Ok(Some((offset, entries))),
                    Err(reason) => {
                        tracing::warn!(file = %file.display(), reason, "a snapshot cannot be used");
                    }
                }
            }
            self.delete_snapshot(offset)?;
        }
        Ok(None)
    }

    /// Deletes snapshots that no segment begins with, except those from `keep` on.
    pub(in crate::log) fn delete_stray_snapshots(
        &self,
        segments: &[i64],
        keep: i64,
    ) -> Result<(), StorageError> {
        for offset in self.snapshots()? {
            if offset < keep && !segments.contains(&offset) {
                self.delete_snapshot(offset)?;
            }
        }
        Ok(())
    }

    fn snapshots(&self) -> Result<Vec<i64>, StorageError> {
        let list = |source| failed("list", &self.path, source);
        let mut offsets = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(list)? {
            let name = entry.map_err(list)?.file_name();
            if let Some((offset, Kind::Snapshot, Suffix::None)) = name.to_str().and_then(parse) {
                offsets.push(offset);
            }
        }
        offsets.sort_unstable();
        Ok(offsets)
    }

    fn delete_snapshot(&self, offset: i64) -> Result<(), StorageError> {
        let file = self.file(offset, Kind::Snapshot, Suffix::None);
        fs::remove_file(&file).map_err(|source| failed("delete", &file, source))
    }

    /// Takes the partition out of the data directory and deletes it.
    pub(crate) fn delete(&self) -> Result<(), StorageError> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let unique = Uuid::random().hyphenated().replace('-', "");
        // Names of files end at 255 bytes.
        let room = 255 - unique.len() - ".-delete".len();
        let name = format!("{}.{unique}-delete", &name[..name.len().min(room)]);
        let away = self.path.with_file_name(name);
        fs::rename(&self.path, &away).map_err(|source| failed("rename", &self.path, source))?;
        fs::remove_dir_all(&away).map_err(|source| failed("delete", &away, source))
    }
}
