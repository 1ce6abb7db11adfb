//! Where keys are remembered.

use std::any::{Any, TypeId};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::error::BoxError;
use crate::template::Transaction;

/// What a store's methods return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a store does not answer, or cannot mark a key.
#[derive(Debug, thiserror::Error)]
#[error("the idempotency store cannot {doing}")]
pub struct StoreError {
    doing: &'static str,
    #[source]
    source: BoxError,
}

impl StoreError {
    /// An error of what a store was doing, as in `"claim a key"`.
    pub fn new(doing: &'static str, source: impl Into<BoxError>) -> Self {
        Self {
            doing,
            source: source.into(),
        }
    }
}

/// Which assignment of which partition a record comes from: a store that follows other instances
/// reads up to their last mark before the first record of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Assignment<'a> {
    /// The listener's consumer group as the broker knows it.
    pub group: &'a str,
    /// The topic as the broker knows it.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// Another one each time that a consumer of this process is given the partition.
    pub epoch: u64,
}

/// A key that is to be claimed.
#[derive(Debug, Clone, Copy)]
pub struct ClaimRequest<'a> {
    /// Whose key it is: keys of different scopes never meet.
    pub scope: &'a str,
    /// The key.
    pub key: &'a str,
    /// How long it is remembered once it is done.
    pub window: Duration,
    /// The time since the Unix epoch by the application's clock.
    pub now: Duration,
    /// Where the record comes from.
    pub assignment: Assignment<'a>,
    /// The record's offset there.
    pub offset: i64,
    /// What sends in the record's transaction, if its listener is transactional.
    pub transaction: Option<&'a Transaction>,
}

/// A store's answer.
#[derive(Debug)]
pub enum Claim {
    /// Nobody has handled it: the handler may run.
    Fresh(Box<dyn Claimed>),
    /// It was handled within its window.
    Seen,
    /// It is being handled: ask again when the future is ready.
    Busy(Busy),
}

/// Ends when it is worth asking again.
pub struct Busy(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Busy {
    /// Until the future is ready.
    pub fn until(ready: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Box::pin(ready))
    }

    pub(crate) async fn wait(self) {
        self.0.await;
    }
}

impl fmt::Debug for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Busy")
    }
}

/// What a claim gives the handler's arguments, such as a transaction.
pub type Given = Arc<dyn Any + Send + Sync>;

/// A key that is claimed. Dropped without a word it is released, at latest when its lease ends.
pub trait Claimed: fmt::Debug + Send {
    /// What the handler's arguments may take.
    fn given(&self) -> Option<Given> {
        None
    }

    /// The handler has succeeded: marks the key as done.
    ///
    /// # Errors
    /// If the mark is not certain: the record is then delivered again.
    fn complete(self: Box<Self>) -> StoreFuture<'static, Result<(), StoreError>>;

    /// The handler has failed: the next delivery claims the key anew.
    fn release(self: Box<Self>) -> StoreFuture<'static, ()>;
}

/// Remembers which keys are done. One store may serve any number of listeners, instances and
/// threads.
///
/// A store that does not answer holds its listeners' records back: the claim is tried again, with
/// waits of up to five seconds, until the partition is taken away.
pub trait IdempotencyStore: fmt::Debug + Send + Sync + 'static {
    /// Claims a key, so that nobody else handles it until the claim ends.
    ///
    /// # Errors
    /// If the store cannot be asked.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the key is not claimed, or only for the time of a lease.
    fn claim<'a>(&'a self, request: ClaimRequest<'a>)
    -> StoreFuture<'a, Result<Claim, StoreError>>;

    /// The type of what its claims [give](Claimed::given), if they give something.
    fn gives(&self) -> Option<TypeId> {
        None
    }

    /// Whether its marks are written in the transactions of transactional listeners, so that an
    /// aborted one takes them with it; without that, such listeners are refused at boot.
    fn joins_transactions(&self) -> bool {
        false
    }

    /// Makes what it needs, before a listener of these topics (as the broker knows them; none where
    /// they are found by a pattern) starts.
    ///
    /// # Errors
    /// If that is not possible: the application does not start.
    fn prepare<'a>(&'a self, topics: &'a [String]) -> StoreFuture<'a, Result<(), StoreError>> {
        let _ = topics;
        Box::pin(std::future::ready(Ok(())))
    }

    /// An assignment has ended: no record of it will be claimed any more. Must not block.
    fn given_up(&self, assignment: Assignment<'_>) {
        let _ = assignment;
    }
}
