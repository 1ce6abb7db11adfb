//! Coordinators as the clients of one broker find them: of several brokers each coordinates the
//! groups and transactional ids whose partitions it leads.

use std::collections::BTreeSet;

use super::RequestContext;
use crate::batch::Verdict;
use crate::coord::Unavailable;
use crate::coord::group::{Event, GroupCoordinator, Reply, Token};
use crate::coord::group::{GroupDescription, OffsetView, PartitionKey};
use crate::coord::transaction::{
    Init, Producer, Protocol, TransactionCoordinator, TransactionDescription, TransactionError,
};
use crate::meta::StateTopic;

/// The groups that the broker that was asked coordinates.
pub(crate) struct Groups<'a> {
    context: &'a RequestContext,
    all: &'a GroupCoordinator,
}

impl<'a> Groups<'a> {
    pub(super) fn new(context: &'a RequestContext) -> Self {
        let all = context.broker.groups();
        Self { context, all }
    }

    /// As [`GroupCoordinator::call`].
    ///
    /// # Errors
    /// [`Unavailable`]; the request has no effect then.
    pub(crate) async fn call(
        &self,
        group_id: &str,
        event: impl FnOnce(Token) -> Event,
    ) -> Result<Reply, Unavailable> {
        self.check_here(group_id)?;
        self.all.call(group_id, event).await
    }

    /// Whether this broker coordinates the group.
    ///
    /// # Errors
    /// [`Unavailable::Elsewhere`] if it does not.
    pub(crate) fn check_here(&self, group_id: &str) -> Result<(), Unavailable> {
        check_here(self.context, StateTopic::Offsets, group_id)
    }

    /// Whether what is said of a group, or without one of all groups, is true.
    ///
    /// # Errors
    /// [`Unavailable`] before the state has been read, or if another broker coordinates the group.
    pub(crate) fn check_loaded(&self, group_id: Option<&str>) -> Result<(), Unavailable> {
        group_id.map_or(Ok(()), |id| self.check_here(id))?;
        self.all.check_loaded(group_id)
    }

    /// As [`GroupCoordinator::offsets`].
    pub(crate) fn offsets(&self, group_id: &str, keys: &[PartitionKey]) -> Vec<OffsetView> {
        self.all.offsets(group_id, keys)
    }

    /// As [`GroupCoordinator::describe`].
    pub(crate) fn describe(&self, group_id: &str) -> Option<GroupDescription> {
        self.all.describe(group_id)
    }

    /// Its groups: id, state's name, what they are for.
    pub(crate) fn list(&self) -> Vec<(String, &'static str, String)> {
        let mut listed = self.all.list();
        listed.retain(|(id, ..)| self.check_here(id).is_ok());
        listed
    }
}

/// The transactional ids that the broker that was asked coordinates.
pub(crate) struct Transactions<'a> {
    context: &'a RequestContext,
    all: &'a TransactionCoordinator,
}

impl<'a> Transactions<'a> {
    pub(super) fn new(context: &'a RequestContext) -> Self {
        let all = context.broker.transactions();
        Self { context, all }
    }

    /// As [`TransactionCoordinator::init`].
    ///
    /// # Errors
    /// [`TransactionError`] when the producer may not have the id.
    pub(crate) fn init(&self, id: &str, init: Init) -> Result<Producer, TransactionError> {
        // An id that is none is nobody's.
        if !id.is_empty() {
            self.check_here(id)?;
        }
        self.all.init(id, init)
    }

    /// As [`TransactionCoordinator::add`].
    ///
    /// # Errors
    /// [`TransactionError`] when the producer may not write.
    pub(crate) fn add(
        &self,
        id: &str,
        producer: Producer,
        protocol: Protocol,
        partitions: BTreeSet<PartitionKey>,
    ) -> Result<(), TransactionError> {
        self.check_here(id)?;
        self.all.add(id, producer, protocol, partitions)
    }

    /// As [`TransactionCoordinator::verify`].
    ///
    /// # Errors
    /// [`TransactionError`] when the partition is not included, or the producer may not write.
    pub(crate) fn verify(
        &self,
        id: &str,
        producer: Producer,
        partition: PartitionKey,
    ) -> Result<(), TransactionError> {
        self.check_here(id)?;
        self.all.verify(id, producer, partition)
    }

    /// As [`TransactionCoordinator::end`].
    ///
    /// # Errors
    /// [`TransactionError`] when there is nothing that the producer may end so.
    pub(crate) fn end(
        &self,
        id: &str,
        producer: Producer,
        protocol: Protocol,
        verdict: Verdict,
    ) -> Result<Producer, TransactionError> {
        self.check_here(id)?;
        self.all.end(id, producer, protocol, verdict)
    }

    /// As [`TransactionCoordinator::describe`].
    pub(crate) fn describe(&self, id: &str) -> Option<TransactionDescription> {
        self.all.describe(id)
    }

    /// Its transactional ids.
    pub(crate) fn list(&self) -> Vec<(String, TransactionDescription)> {
        let mut listed = self.all.list();
        listed.retain(|(id, _)| self.check_here(id).is_ok());
        listed
    }

    /// Whether what is said of an id, or without one of all ids, is true.
    ///
    /// # Errors
    /// [`Unavailable`] before the state has been read, or if another broker coordinates the id.
    pub(crate) fn check_loaded(&self, id: Option<&str>) -> Result<(), Unavailable> {
        id.map_or(Ok(()), |id| self.check_here(id))?;
        self.all.check_loaded(id)
    }

    fn check_here(&self, id: &str) -> Result<(), Unavailable> {
        check_here(self.context, StateTopic::Transactions, id)
    }
}

fn check_here(context: &RequestContext, which: StateTopic, id: &str) -> Result<(), Unavailable> {
    match context.coordinates(which, id) {
        true => Ok(()),
        false => Err(Unavailable::Elsewhere),
    }
}
