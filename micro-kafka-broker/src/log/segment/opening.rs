//! A segment's files: made, loaded, recovered.

use super::Segment;
use crate::log::age::Age;
use crate::log::disk::{IndexFiles, LogFile, PartitionDir, Suffix, scan};
use crate::log::index::Indexes;
use crate::log::store::{Step, Store};
use crate::log::{LogLayout, StorageError};

impl Segment {
    /// An empty segment in files.
    pub(in crate::log) fn create(
        dir: &PartitionDir,
        base_offset: i64,
        layout: &LogLayout,
    ) -> Result<Self, StorageError> {
        Self::create_as(Suffix::None, dir, base_offset, layout)
    }

    /// An empty segment in files, which is to replace others.
    pub(in crate::log) fn create_cleaned(
        dir: &PartitionDir,
        base_offset: i64,
        layout: &LogLayout,
    ) -> Result<Self, StorageError> {
        Self::create_as(Suffix::Cleaned, dir, base_offset, layout)
    }

    fn create_as(
        suffix: Suffix,
        dir: &PartitionDir,
        base_offset: i64,
        layout: &LogLayout,
    ) -> Result<Self, StorageError> {
        let mut file = dir.open(base_offset, suffix)?;
        if file.len() > 0 {
            file.cut(0)?;
        }
        let indexes = Indexes::new(layout.index_interval_bytes);
        let mut index_files = IndexFiles::new(dir.path(), base_offset, suffix);
        index_files.write(&indexes)?;
        Ok(Self {
            base_offset,
            store: Store::File(file),
            indexes,
            age: Age::new(layout),
            index_files: Some(index_files),
            checked: true,
        })
    }

    /// A segment that was closed; its batches are checked when they are read.
    pub(in crate::log) fn load(
        dir: &PartitionDir,
        base_offset: i64,
        layout: &LogLayout,
    ) -> Result<Self, StorageError> {
        let file = dir.open(base_offset, Suffix::None)?;
        let mut index_files = IndexFiles::new(dir.path(), base_offset, Suffix::None);
        let Some((offsets, times)) = index_files.load(file.len())? else {
            return Self::index_anew(file, index_files, base_offset, layout);
        };
        let (store, age) = aged(file, layout);
        Ok(Self {
            base_offset,
            store,
            indexes: Indexes::loaded(layout.index_interval_bytes, offsets, times),
            age,
            index_files: Some(index_files),
            checked: false,
        })
    }

    /// Makes the indexes of a closed segment again.
    fn index_anew(
        file: LogFile,
        mut index_files: IndexFiles,
        base_offset: i64,
        layout: &LogLayout,
    ) -> Result<Self, StorageError> {
        tracing::warn!(file = %file.path().display(), "the indexes are missing or make no sense; they are made again");
        let scanned = scan(&file, base_offset, layout.index_interval_bytes, false)?;
        if let Some(reason) = scanned.fault {
            tracing::error!(
                file = %file.path().display(), position = scanned.valid, reason,
                "a segment is corrupt: what lies behind this position is not served"
            );
        }
        let mut indexes = scanned.indexes;
        indexes.note_max();
        index_files.write(&indexes)?;
        let (store, age) = aged(file, layout);
        Ok(Self {
            base_offset,
            store,
            indexes,
            age,
            index_files: Some(index_files),
            checked: scanned.fault.is_none(),
        })
    }

    /// A segment that may not have reached the disk: what is not whole is cut off. Returns it
    /// with the offset after its last batch and whether something was cut.
    pub(in crate::log) fn recover(
        dir: &PartitionDir,
        base_offset: i64,
        layout: &LogLayout,
        dense: bool,
    ) -> Result<(Self, i64, bool), StorageError> {
        let mut file = dir.open(base_offset, Suffix::None)?;
        let scanned = scan(&file, base_offset, layout.index_interval_bytes, dense)?;
        if let Some(reason) = scanned.fault {
            tracing::error!(
                file = %file.path().display(), position = scanned.valid, reason,
                bytes = file.len() - scanned.valid, next_offset = scanned.next_offset,
                "a segment is corrupt: it is cut at this position"
            );
            file.cut(scanned.valid)?;
        }
        let mut index_files = IndexFiles::new(dir.path(), base_offset, Suffix::None);
        index_files.write(&scanned.indexes)?;
        let (store, age) = aged(file, layout);
        let segment = Self {
            base_offset,
            store,
            indexes: scanned.indexes,
            age,
            index_files: Some(index_files),
            checked: true,
        };
        Ok((segment, scanned.next_offset, scanned.fault.is_some()))
    }

    /// Goes through the batches that the indexes do not know of yet; returns the offset after the
    /// last one.
    pub(in crate::log) fn index_tail(&mut self) -> Result<i64, StorageError> {
        let mut next_offset = self.base_offset;
        let mut walk = self.store.walk(self.indexes.last_position());
        while let Some(Step { at, end, header }) = walk.step()? {
            let relative = u32::try_from(header.last_offset() - self.base_offset);
            let Ok(relative) = relative.map_err(drop) else {
                return Err(self
                    .store
                    .corrupt(at, "a batch's offset is not the segment's"));
            };
            self.indexes
                .note(at, end - at, relative, header.max_timestamp);
            next_offset = header.last_offset() + 1;
        }
        Ok(next_offset)
    }
}

/// A file with its age. A first batch that cannot be read is for its readers to find.
fn aged(file: LogFile, layout: &LogLayout) -> (Store, Age) {
    let handle = file.handle();
    let store = Store::File(file);
    let first = store.walk(0).step().ok().flatten();
    let first = first.map(|step| step.header.max_timestamp);
    (store, Age::of_file(&handle, layout, first))
}
