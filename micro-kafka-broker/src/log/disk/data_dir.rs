//! The directory with all partitions of a broker.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::file::failed;
use super::lock::Lock;
use super::{Faults, PartitionDir, checkpoint, meta_properties, text};
use crate::log::StorageError;
use crate::wire::Uuid;

const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
/// The next producer id that is not reserved.
const PRODUCER_IDS: &str = "producer-ids";
/// Apache Kafka's own, which is not read here.
const CLUSTER_METADATA: &str = "__cluster_metadata";

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DataDirError {
    /// Another broker has it.
    #[error("{} is in use by another broker: stop that one, or choose another directory", .0.display())]
    InUse(PathBuf),
    /// The system refuses it.
    #[error("{} cannot be used as data directory", .dir.display())]
    Unusable {
        /// The directory.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something in it cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A partition's name: topic and number.
pub(crate) type Offsets = BTreeMap<(String, i32), i64>;

/// A partition's directory that was there at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundPartition {
    /// The topic's name.
    pub(crate) topic: String,
    /// The partition's number.
    pub(crate) index: i32,
    /// The topic's id, if the directory says one.
    pub(crate) topic_id: Option<Uuid>,
    /// The last leader epoch, or -1.
    pub(crate) leader_epoch: i32,
}

/// The directory with all partitions of a broker; dropping it releases it.
#[derive(Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
    lock: Mutex<Option<Lock>>,
    cluster_id: String,
    /// Whether the last broker closed its logs.
    clean: bool,
    recovery_points: Mutex<Offsets>,
    log_starts: Mutex<Offsets>,
    compacted: Mutex<Offsets>,
    /// Topics that were found here and not created by this broker.
    foreign: Mutex<BTreeSet<String>>,
    faults: Faults,
}

impl DataDir {
    /// Takes a directory, which is created if there is none.
    ///
    /// # Errors
    /// [`DataDirError`], which names the directory and what to do.
    pub(crate) fn open(root: &Path, node_id: i32) -> Result<Self, DataDirError> {
        let unusable = |source| DataDirError::Unusable {
            dir: root.to_owned(),
            source,
        };
        fs::create_dir_all(root).map_err(unusable)?;
        let lock = Lock::take(root)?;
        let clean_file = root.join(CLEAN_SHUTDOWN);
        let clean = clean_file.exists();
        if clean {
            fs::remove_file(&clean_file).map_err(unusable)?;
            text::sync_dir(root)?;
        }
        let read = |name| read_offsets(&root.join(name));
        Ok(Self {
            cluster_id: meta_properties::cluster_id(root, node_id)?,
            clean,
            recovery_points: Mutex::new(read(Checkpoint::RecoveryPoint.name())?),
            log_starts: Mutex::new(read(Checkpoint::LogStart.name())?),
            compacted: Mutex::new(read(Checkpoint::Cleaner.name())?),
            lock: Mutex::new(Some(lock)),
            root: root.to_owned(),
            foreign: Mutex::default(),
            faults: Faults::default(),
        })
    }

    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The cluster's id.
    pub(crate) fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// Whether the logs were closed, so that they need no recovery.
    pub(crate) fn is_clean(&self) -> bool {
        self.clean
    }

    /// Failures that a test orders.
    #[cfg(test)]
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The offset up to which a partition was flushed when that was last noted.
    pub(crate) fn recovery_point(&self, topic: &str, index: i32) -> i64 {
        offset_in(&self.recovery_points.lock(), topic, index)
    }

    /// The first offset of a partition when that was last noted.
    pub(crate) fn log_start(&self, topic: &str, index: i32) -> i64 {
        offset_in(&self.log_starts.lock(), topic, index)
    }

    /// The offset up to which a partition was compacted when that was last noted.
    pub(crate) fn compacted_to(&self, topic: &str, index: i32) -> i64 {
        offset_in(&self.compacted.lock(), topic, index)
    }

    /// Forgets the offsets, once all partitions that were there are open: a topic that gets the
    /// name of a deleted one begins at 0.
    pub(crate) fn forget_offsets(&self) {
        self.recovery_points.lock().clear();
        self.log_starts.lock().clear();
        self.compacted.lock().clear();
    }

    /// Notes that a topic was not created by this broker: nobody knows whether it was compacted.
    pub(crate) fn mark_foreign(&self, topic: &str) {
        self.foreign.lock().insert(topic.to_owned());
    }

    /// Whether a topic was not created by this broker.
    pub(crate) fn is_foreign(&self, topic: &str) -> bool {
        self.foreign.lock().contains(topic)
    }

    /// The first id that no producer was given; a file that cannot be read is an error, since ids
    /// must not come twice.
    pub(crate) fn next_producer_id(&self) -> Result<i64, StorageError> {
        let file = self.root.join(PRODUCER_IDS);
        let Some(content) = text::read(&file)? else {
            return Ok(0);
        };
        content.trim().parse().map_err(|error| {
            failed(
                "read",
                &file,
                io::Error::new(io::ErrorKind::InvalidData, error),
            )
        })
    }

    /// Notes that producers may be given all ids before `next`.
    pub(crate) fn reserve_producer_ids(&self, next: i64) -> Result<(), StorageError> {
        let file = self.root.join(PRODUCER_IDS);
        text::replace(&file, format!("{next}\n").as_bytes())
    }

    /// The directory of a partition.
    pub(crate) fn partition(&self, topic: &str, index: i32) -> PartitionDir {
        PartitionDir::new(
            self.root.join(format!("{topic}-{index}")),
            self.faults.clone(),
        )
    }

    /// The partitions that are there. What was being deleted is deleted now.
    pub(crate) fn partitions(&self) -> Result<Vec<FoundPartition>, StorageError> {
        let list = |source| failed("list", &self.root, source);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(list)? {
            let entry = entry.map_err(list)?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|_| entry.path().is_dir()) else {
                continue;
            };
            if name.ends_with("-delete") {
                fs::remove_dir_all(entry.path())
                    .map_err(|source| failed("delete", &entry.path(), source))?;
                continue;
            }
            if let Some((topic, index)) = partition_name(name) {
                let dir = self.partition(topic, index);
                found.push(FoundPartition {
                    topic: topic.to_owned(),
                    index,
                    topic_id: dir.topic_id()?,
                    leader_epoch: dir.epochs()?.last().map_or(-1, |(epoch, _)| *epoch),
                });
            }
        }
        found.sort_unstable_by(|a, b| (&a.topic, a.index).cmp(&(&b.topic, b.index)));
        Ok(found)
    }

    /// Notes offsets of all partitions.
    pub(crate) fn store(&self, which: Checkpoint, offsets: &Offsets) -> Result<(), StorageError> {
        let lines = offsets
            .iter()
            .map(|((topic, index), offset)| format!("{topic} {index} {offset}"));
        let content = checkpoint::format(lines);
        text::replace(&self.root.join(which.name()), content.as_bytes())
    }

    /// Notes that all logs are closed, and gives the directory to whoever wants it.
    pub(crate) fn close(&self) -> Result<(), StorageError> {
        let content = br#"{"version":0,"brokerEpoch":-1}"#;
        text::replace(&self.root.join(CLEAN_SHUTDOWN), content)?;
        self.release();
        Ok(())
    }

    /// Gives the directory to whoever wants it.
    pub(crate) fn release(&self) {
        self.lock.lock().take();
    }
}

/// What is noted of all partitions in one file each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checkpoint {
    /// Up to where they are flushed.
    RecoveryPoint,
    /// Where they begin.
    LogStart,
    /// Up to where they are replicated.
    HighWatermark,
    /// Up to where they are compacted.
    Cleaner,
}

impl Checkpoint {
    fn name(self) -> &'static str {
        match self {
            Self::RecoveryPoint => "recovery-point-offset-checkpoint",
            Self::LogStart => "log-start-offset-checkpoint",
            Self::HighWatermark => "replication-offset-checkpoint",
            Self::Cleaner => "cleaner-offset-checkpoint",
        }
    }
}

/// Without its checkpoint a log is only recovered from further back.
fn read_offsets(file: &Path) -> Result<Offsets, StorageError> {
    let Some(content) = text::read(file)? else {
        return Ok(Offsets::new());
    };
    let parsed = checkpoint::parse::<3>(&content).and_then(|lines| {
        let offsets = lines.into_iter().map(|[topic, index, offset]| {
            Some((
                (topic.to_owned(), index.parse().ok()?),
                offset.parse().ok()?,
            ))
        });
        offsets.collect()
    });
    if parsed.is_none() {
        tracing::warn!(file = %file.display(), "the checkpoint cannot be read");
    }
    Ok(parsed.unwrap_or_default())
}

fn offset_in(offsets: &Offsets, topic: &str, index: i32) -> i64 {
    let key = (topic.to_owned(), index);
    offsets.get(&key).copied().unwrap_or(0)
}

fn partition_name(name: &str) -> Option<(&str, i32)> {
    let (topic, index) = name.rsplit_once('-')?;
    let plain = !index.is_empty() && index.bytes().all(|digit| digit.is_ascii_digit());
    let index = index.parse().ok().filter(|_| plain)?;
    let known = crate::meta::check_topic_name(topic).is_ok() && topic != CLUSTER_METADATA;
    known.then_some((topic, index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::disk::temporary::TemporaryDir;

    #[test]
    fn a_second_broker_is_refused() {
        let dir = TemporaryDir::new();
        let first = DataDir::open(dir.path(), 0).unwrap();
        let second = DataDir::open(dir.path(), 0).unwrap_err();
        assert!(second.to_string().contains("in use by another broker"));
        let cluster = first.cluster_id().to_owned();
        drop(first);
        let again = DataDir::open(dir.path(), 0).unwrap();
        assert_eq!(again.cluster_id(), cluster);
        assert!(!again.is_clean(), "nobody closed it");
    }

    #[test]
    fn a_closed_directory_is_clean_once() {
        let dir = TemporaryDir::new();
        DataDir::open(dir.path(), 0).unwrap().close().unwrap();
        assert!(DataDir::open(dir.path(), 0).unwrap().is_clean());
        assert!(!DataDir::open(dir.path(), 0).unwrap().is_clean());
    }

    #[test]
    fn checkpoints_come_back_and_partitions_are_found() {
        let dir = TemporaryDir::new();
        let data = DataDir::open(dir.path(), 0).unwrap();
        let offsets = Offsets::from([(("a-b".to_owned(), 1), 17)]);
        data.store(Checkpoint::RecoveryPoint, &offsets).unwrap();
        let id = Uuid::random();
        data.partition("a-b", 1).create(id).unwrap();
        for other in ["__cluster_metadata-0", "x", "y-", "z-1x", "a-0.f00-delete"] {
            fs::create_dir(dir.path().join(other)).unwrap();
        }
        drop(data);
        let data = DataDir::open(dir.path(), 0).unwrap();
        assert_eq!(data.recovery_point("a-b", 1), 17);
        assert_eq!(data.recovery_point("a-b", 0), 0);
        let found = data.partitions().unwrap();
        let expected = FoundPartition {
            topic: "a-b".to_owned(),
            index: 1,
            topic_id: Some(id),
            leader_epoch: -1,
        };
        assert_eq!(found, [expected]);
        assert!(!dir.path().join("a-0.f00-delete").exists());
    }
}
