//! Where transactions are ended: in the partitions and in the groups' offsets.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::batch::Marker;
use crate::clock::Clock;
use crate::coord::JournalError;
use crate::coord::group::{GroupCoordinator, OFFSETS_TOPIC, PartitionKey};
use crate::fault::Switches;
use crate::meta::Catalog;
use crate::partition::{MarkerError, PartitionTable};

/// Writes markers to this broker's partitions.
#[derive(Debug)]
pub(crate) struct MarkerWriter {
    clock: Clock,
    catalog: Arc<Catalog>,
    partitions: Arc<PartitionTable>,
    groups: Arc<GroupCoordinator>,
    switches: Switches,
}

/// Why a marker was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MarkerFailure {
    /// There is no such partition.
    #[error("the partition does not exist")]
    UnknownPartition,
    /// The partition refuses it.
    #[error(transparent)]
    Refused(#[from] MarkerError),
}

impl From<JournalError> for MarkerFailure {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Marker(error) => Self::Refused(error),
            // The marker is there, and may not be on disk; or it has to wait.
            JournalError::Append(_) | JournalError::TooFewReplicas(_) => {
                Self::Refused(MarkerError::Storage)
            }
            JournalError::Topic(_) | JournalError::Partition(_) | JournalError::Read(_) => {
                Self::UnknownPartition
            }
        }
    }
}

impl MarkerWriter {
    /// A writer to these partitions and these groups.
    pub(crate) fn new(
        clock: Clock,
        catalog: Arc<Catalog>,
        partitions: Arc<PartitionTable>,
        groups: Arc<GroupCoordinator>,
    ) -> Self {
        Self {
            clock,
            catalog,
            partitions,
            groups,
            switches: Switches::default(),
        }
    }

    /// A writer that keeps its markers as long as they are held.
    pub(crate) fn held_by(self, switches: Switches) -> Self {
        Self { switches, ..self }
    }

    pub(super) fn switches(&self) -> &Switches {
        &self.switches
    }

    /// Writes a marker to one partition.
    ///
    /// # Errors
    /// [`MarkerFailure`]; the partition is as before then.
    pub(crate) fn write(&self, marker: &Marker, key: &PartitionKey) -> Result<(), MarkerFailure> {
        if *key.topic == *OFFSETS_TOPIC {
            return Ok(self.groups.end_transaction(marker, key.partition)?);
        }
        let image = self.catalog.image();
        let topic = image.topic(&key.topic);
        let topic = topic.ok_or(MarkerFailure::UnknownPartition)?;
        let partition = self.partitions.get(topic.id, key.partition);
        let partition = partition.ok_or(MarkerFailure::UnknownPartition)?;
        if !topic.has_enough_replicas(key.partition) {
            return Err(MarkerError::Storage.into());
        }
        partition.end_transaction(marker, self.clock.unix_millis())?;
        let flushed = partition.flush_if_wanted(&topic.settings);
        Ok(flushed.map_err(|_| MarkerError::Storage)?)
    }

    /// Writes a marker wherever it still can be: a topic may have been deleted meanwhile. Returns
    /// where it must be tried again, since what the partition is stored on fails.
    pub(super) fn write_all(
        &self,
        marker: &Marker,
        keys: BTreeSet<PartitionKey>,
    ) -> BTreeSet<PartitionKey> {
        if self.switches.are_markers_held() {
            return keys;
        }
        let fails = |key: &PartitionKey| match self.write(marker, key) {
            Err(MarkerFailure::Refused(MarkerError::Storage)) => true,
            Err(error) => {
                tracing::debug!(
                    topic = %key.topic, partition = key.partition,
                    producer_id = marker.producer_id, %error,
                    "a marker was left out"
                );
                false
            }
            Ok(()) => false,
        };
        keys.into_iter().filter(fails).collect()
    }
}
