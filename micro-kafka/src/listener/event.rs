//! What happens to a listener, as a stream.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::{Alarm, AssignedPartition, RecordPlace, StopReport, Target};
use crate::error::Recovered;

/// The most events that a slow reader may be behind.
const BEHIND: usize = 1_024;

/// Something that happened to a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContainerEvent {
    /// It was started.
    Started,
    /// It has ended, with what became of the records in flight.
    Stopped(StopReport),
    /// A consumer begins to work.
    ConsumerStarted {
        /// Which one.
        consumer: u32,
    },
    /// A consumer was asked to stop.
    ConsumerStopping {
        /// Which one.
        consumer: u32,
    },
    /// A consumer has left its group.
    ConsumerStopped {
        /// Which one.
        consumer: u32,
    },
    /// A consumer cannot go on and will be replaced.
    ConsumerFailed {
        /// Which one.
        consumer: u32,
        /// What is wrong.
        reason: String,
        /// When the next one is made.
        retry_in: Duration,
    },
    /// A consumer has been given no partitions for long, without a word of why; it goes on trying.
    ConsumerNotJoined {
        /// Which one.
        consumer: u32,
        /// What is known.
        reason: String,
    },
    /// The broker refuses a consumer for who it is; it goes on trying, with waits.
    AuthenticationFailed {
        /// Which one.
        consumer: u32,
        /// What the broker says.
        reason: String,
    },
    /// A consumer that was refused has its partitions.
    AuthenticationSucceeded {
        /// Which one.
        consumer: u32,
    },
    /// A consumer was given partitions.
    Assigned(Vec<AssignedPartition>),
    /// A consumer has given partitions up.
    Revoked(Vec<AssignedPartition>),
    /// A consumer has lost partitions: somebody else may have handled their records already.
    Lost(Vec<AssignedPartition>),
    /// This is read no more.
    Paused(Target),
    /// This is read again.
    Resumed(Target),
    /// A partition reads on from elsewhere.
    Sought {
        /// Which one.
        partition: AssignedPartition,
        /// The offset of the next record.
        offset: i64,
    },
    /// A consumer has had no record for a while.
    Idle {
        /// Which one.
        consumer: u32,
        /// For how long.
        idle: Duration,
    },
    /// A consumer that was idle has a record.
    NoLongerIdle {
        /// Which one.
        consumer: u32,
    },
    /// A partition has had no record for a while.
    PartitionIdle {
        /// Which one.
        partition: AssignedPartition,
        /// For how long.
        idle: Duration,
    },
    /// A partition that was idle has a record.
    PartitionNoLongerIdle {
        /// Which one.
        partition: AssignedPartition,
    },
    /// A record failed and is tried again in place.
    RecordRetried {
        /// Which record.
        record: RecordPlace,
        /// The variant or type of its error.
        error: &'static str,
        /// Which delivery failed, from 1.
        attempt: u32,
        /// The wait before the next one.
        delay: Duration,
    },
    /// A record was handled before: it is acknowledged without its handler.
    DuplicateSkipped {
        /// Which record.
        record: RecordPlace,
    },
    /// A record is not tried again in place.
    RecordRecovered {
        /// Which record.
        record: RecordPlace,
        /// The variant or type of its last error.
        error: &'static str,
        /// How often it was delivered.
        attempts: u32,
        /// Where it went.
        went: Recovered,
    },
    /// A record waits behind another of its key, which is in retry.
    RecordParked {
        /// Which record.
        record: RecordPlace,
    },
    /// So many keys of a partition are in retry that it is not read.
    FencedIn {
        /// Which one.
        partition: AssignedPartition,
        /// How many keys.
        keys: usize,
    },
    /// A partition that was not read for its keys in retry is read again.
    NoLongerFencedIn {
        /// Which one.
        partition: AssignedPartition,
    },
    /// Failures have passed a threshold.
    FailureAlarm(Alarm),
    /// Too many attempts failed: nothing is begun until a record is tried after the wait. Told again
    /// when that one fails.
    BreakerOpened {
        /// The last failure.
        error: String,
        /// How long nothing is begun.
        wait: Duration,
    },
    /// So many of the last minute's records went to retry topics or dead letters that no more may:
    /// the breaker opens.
    RetryBudgetSpent {
        /// The records of the last minute.
        records: u64,
        /// How many of them went away.
        gone: u64,
    },
    /// The record that was tried is done: all others are begun again.
    BreakerClosed,
    /// A handler holds its consumer, which serves nothing else meanwhile.
    NonResponsive {
        /// Which consumer.
        consumer: u32,
        /// The record in its handler.
        record: RecordPlace,
        /// For how long, so far.
        held: Duration,
    },
}

/// The events of one listener.
#[derive(Debug, Clone)]
pub(super) struct Events(broadcast::Sender<Arc<ContainerEvent>>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }
}

impl Events {
    /// Tells whoever listens.
    pub(super) fn tell(&self, event: ContainerEvent) {
        if self.0.receiver_count() > 0 {
            // Fails only if the last one stopped listening just now.
            let _ = self.0.send(Arc::new(event));
        }
    }

    /// The same, made only if somebody listens.
    pub(super) fn tell_of(&self, event: impl FnOnce() -> ContainerEvent) {
        if self.0.receiver_count() > 0 {
            self.tell(event());
        }
    }

    pub(super) fn subscribe(&self) -> EventStream {
        EventStream(self.0.subscribe())
    }
}

/// The events of one listener from its making on; see `ListenerContainer::events`.
#[derive(Debug)]
pub struct EventStream(broadcast::Receiver<Arc<ContainerEvent>>);

impl EventStream {
    /// The next event; `None` once the listener is gone. A reader that is more than 1,024 events
    /// behind misses the oldest.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn next(&mut self) -> Option<Arc<ContainerEvent>> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "a reader of a listener's events is too slow");
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// The event that is there already, if there is one.
    pub fn try_next(&mut self) -> Option<Arc<ContainerEvent>> {
        loop {
            match self.0.try_recv() {
                Ok(event) => return Some(event),
                Err(broadcast::error::TryRecvError::Lagged(_)) => {}
                Err(_) => return None,
            }
        }
    }
}
