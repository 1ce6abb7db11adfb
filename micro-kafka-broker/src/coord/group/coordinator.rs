//! The shell: owns the groups, gives them the time, and carries answers back.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::seats::{Answer, Seats, run_timers};
use super::{
    Caller, CommitPartition, Event, GroupDescription, GroupLimits, OFFSETS_TOPIC, OffsetView,
    PartitionKey, Token,
};
use crate::batch::Marker;
use crate::clock::Clock;
use crate::coord::transaction::Producer;
use crate::coord::{Journal, JournalError, Unavailable};
use crate::meta::{CatalogError, CatalogObserver, Topic};

/// The consumer groups of one broker.
///
/// Groups are driven from the callers' tasks; one task of its own runs their timers.
#[derive(Debug)]
pub(crate) struct GroupCoordinator {
    seats: Arc<Seats>,
    /// Started by the first call, so that a coordinator can be made outside of a runtime.
    timers: OnceLock<JoinHandle<()>>,
}

impl GroupCoordinator {
    /// A coordinator without groups, which keeps its state in `journal`.
    pub(crate) fn new(clock: Clock, limits: GroupLimits, journal: Journal) -> Self {
        Self {
            seats: Arc::new(Seats::new(clock, limits, journal)),
            timers: OnceLock::new(),
        }
    }

    /// Sends a request to a group and waits for the answer.
    ///
    /// Cancel safe: the request has its effect, only the answer is lost.
    ///
    /// # Errors
    /// [`Unavailable`]; the request has no effect then.
    pub(crate) async fn call(&self, group_id: &str, event: impl FnOnce(Token) -> Event) -> Answer {
        self.start_timers();
        let answer = self.seats.submit(group_id, None, event);
        answer.await.unwrap_or(Err(Unavailable::Ended))
    }

    /// Keeps offsets until a producer's transaction ends. The answer comes as from
    /// [`GroupCoordinator::call`], but the offsets are kept when this returns.
    pub(crate) fn commit_in_transaction(
        &self,
        group_id: &str,
        caller: Caller,
        producer: Producer,
        partitions: Vec<CommitPartition>,
    ) -> oneshot::Receiver<Answer> {
        let opened_by = Some(producer.id);
        self.seats.submit(group_id, opened_by, |token| {
            Event::CommitInTransaction(token, caller, producer, partitions)
        })
    }

    /// Ends a producer's transaction in the groups of one partition of the offsets' topic.
    ///
    /// # Errors
    /// [`JournalError`] when the marker was not written; nothing has ended then.
    pub(crate) fn end_transaction(
        &self,
        marker: &Marker,
        partition: i32,
    ) -> Result<(), JournalError> {
        self.seats.end_transaction(marker, partition)
    }

    /// The partition of the offsets' topic that a group belongs to.
    pub(crate) fn partition_of(&self, group_id: &str) -> i32 {
        self.seats.journal().partition_of(group_id)
    }

    /// Creates the offsets' topic if it is missing.
    ///
    /// # Errors
    /// [`CatalogError`] when the configuration does not allow it.
    pub(crate) fn ensure_topic(&self) -> Result<(), CatalogError> {
        self.seats.journal().ensure()
    }

    /// Whether what the coordinator says of a group, or without one of all groups, is true.
    ///
    /// # Errors
    /// [`Unavailable::Loading`] before the state has been read.
    pub(crate) fn check_loaded(&self, group_id: Option<&str>) -> Result<(), Unavailable> {
        self.seats.check_loaded(group_id)
    }

    /// Announces that [`GroupCoordinator::load`] will follow: until then nobody is answered.
    /// False when there is nothing to load.
    pub(crate) fn begin_loading(&self) -> bool {
        self.seats.begin_loading()
    }

    /// Reads all groups from the offsets' topic. May take long, and blocks.
    pub(crate) fn load(&self) {
        self.seats.load();
        if self.seats.has_timer() {
            self.start_timers();
        }
    }

    /// What a group has to say about these partitions, in order.
    pub(crate) fn offsets(&self, group_id: &str, keys: &[PartitionKey]) -> Vec<OffsetView> {
        let found = self.seats.look(group_id, |group| {
            keys.iter().map(|key| group.offset(key)).collect()
        });
        found.unwrap_or_else(|| vec![OffsetView::default(); keys.len()])
    }

    /// All offsets that a group committed, by partition.
    pub(crate) fn all_offsets(&self, group_id: &str) -> BTreeMap<PartitionKey, OffsetView> {
        let found = self.seats.look(group_id, super::Group::offsets);
        found.unwrap_or_default()
    }

    /// A group's state and members.
    pub(crate) fn describe(&self, group_id: &str) -> Option<GroupDescription> {
        self.seats.look(group_id, super::Group::describe)
    }

    /// All groups: id, state's name, what they are for.
    pub(crate) fn list(&self) -> Vec<(String, &'static str, String)> {
        self.seats.list()
    }

    /// Reads again what is written down of a group, and of all others in its partition; whoever waits is
    /// told to ask again. This blocks.
    pub(crate) fn reload(&self, id: &str) {
        let partition = self.seats.journal().partition_of(id);
        self.seats.reload(partition);
    }

    fn start_timers(&self) {
        self.timers
            .get_or_init(|| tokio::spawn(run_timers(Arc::clone(&self.seats))));
    }
}

impl Drop for GroupCoordinator {
    fn drop(&mut self) {
        if let Some(timers) = self.timers.get() {
            timers.abort();
        }
    }
}

impl CatalogObserver for GroupCoordinator {
    fn topic_changed(&self, _: &Arc<Topic>) {}

    /// As in Kafka whoever leads a partition now reads what its groups were.
    fn leaders_changed(&self, topic: &Arc<Topic>, partitions: &[i32]) {
        if *topic.name == *OFFSETS_TOPIC {
            partitions
                .iter()
                .for_each(|index| self.seats.reload(*index));
        }
    }

    fn topic_deleted(&self, topic: &Arc<Topic>) {
        match *topic.name == *OFFSETS_TOPIC {
            true => self.seats.unload(|_| true),
            false => self.seats.forget_topic(&topic.name),
        }
    }
}
