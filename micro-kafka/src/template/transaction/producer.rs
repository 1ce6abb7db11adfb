//! A producer that makes one transaction after the other; every call blocks.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::super::hooks::{Hooks, producer_hooks};
use super::super::topics::Topics;
use super::super::{SendError, TemplateConfig};
use super::TransactionError;
use super::outbox::Staged;
use super::staged::StagedTransaction;
use crate::client::{
    ErrorCode, FailureHook, KeyHash, LazyProducer, Outgoing, Producer, Severity, Topic,
    TransactionRefusal, Undelivered,
};
use crate::config::canonical;

/// What is queued is given this time before it is aborted: an abort right after a commit, or with
/// records on their way, costs the producer.
const FLUSH_BEFORE_ABORT: Duration = Duration::from_secs(1);
/// How long the end of an abort is waited for.
const ABORT: Duration = Duration::from_secs(10);
/// Between two attempts of a call that may be repeated.
const PAUSE: Duration = Duration::from_millis(20);
/// Between two looks for room in the local queue.
const ROOM: Duration = Duration::from_millis(1);
/// librdkafka's word for "the partitioner decides".
const ANY_PARTITION: i32 = -1;

/// A producer with a transactional id of its own.
#[derive(Debug)]
pub(super) struct TransactionalProducer {
    id: Arc<str>,
    producer: LazyProducer,
    topics: Topics,
    hooks: Hooks,
    /// Records of the transaction that were not delivered.
    failures: Arc<Mutex<Vec<SendError>>>,
    timeout: Duration,
}

/// How a transaction ended that was not committed.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) error: TransactionError,
    /// The producer must be replaced.
    pub(super) broken: bool,
}

impl TransactionalProducer {
    /// Connects and takes the id over.
    pub(super) fn start(config: &TemplateConfig, id: Arc<str>) -> Result<Self, TransactionError> {
        let not_begun = |code, reason| TransactionError::NotBegun {
            id: Arc::clone(&id),
            code,
            reason,
        };
        let failures: Arc<Mutex<Vec<SendError>>> = Arc::default();
        let noted = Arc::clone(&failures);
        let hook = FailureHook::new(move |failure| noted.lock().push(failure.into()));
        let own = properties(config, &id);
        let all = config.resolved();
        let all = all.chain(own.iter().map(|(key, value)| (*key, value.as_str())));
        let hooks = producer_hooks(config, hook);
        let producer = Producer::new(all, config.max_in_flight, Duration::ZERO, hooks)
            .map_err(|error| not_begun(ErrorCode::INVALID_ARGUMENT, error.to_string()))?;
        let timeout = config.transactions.timeout;
        repeat(Instant::now() + timeout, || {
            producer.init_transactions(timeout)
        })
        .map_err(|refusal| TransactionError::not_begun(&id, refusal))?;
        Ok(Self {
            id,
            producer: producer.into(),
            topics: Topics::new(""),
            hooks: Hooks::of(config),
            failures,
            timeout,
        })
    }

    /// The handle of a topic, namespace included.
    pub(super) fn topic(&self, name: &str) -> Result<Arc<Topic>, SendError> {
        self.topics.get(&self.producer, name)
    }

    pub(super) fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    pub(super) fn begin(&self) -> Result<(), TransactionRefusal> {
        self.failures.lock().clear();
        self.call(Producer::begin_transaction)
    }

    /// Puts all of a begun transaction into it, and commits.
    pub(super) fn run(&self, staged: &StagedTransaction) -> Result<(), Ended> {
        let until = Instant::now() + self.timeout;
        // Records first: librdkafka waits a millisecond before it asks the coordinator for their
        // partitions, and the offsets take two round trips meanwhile.
        for staged in &staged.records {
            if let Err(failure) = self.produce(staged, until) {
                return Err(Ended {
                    broken: self.abort().is_err(),
                    error: self.undelivered(vec![failure]),
                });
            }
        }
        if !staged.offsets.is_empty() {
            let sent = repeat(until, || {
                self.call(|producer| producer.send_offsets(&staged.offsets, &staged.group))
            });
            sent.map_err(|refusal| self.given_up(refusal))?;
        }
        self.commit()
    }

    /// Queues a record, waiting for room.
    fn produce(&self, staged: &Staged, until: Instant) -> Result<(), SendError> {
        let record = &staged.record;
        let topic = self.topic(&record.topic)?;
        let mut partition = record.partition;
        loop {
            let headers = record.headers.iter();
            let queued = topic.queue_detached(Outgoing {
                partition,
                timestamp: record.timestamp.millis(),
                key: record.key.as_deref(),
                payload: record.payload.as_deref(),
                headers: headers.map(|header| (&*header.name, header.value.as_deref())),
            });
            match queued {
                Ok(()) => return Ok(()),
                Err(ErrorCode::QUEUE_FULL) if Instant::now() < until => {
                    thread::park_timeout(ROOM);
                }
                Err(ErrorCode::UNKNOWN_PARTITION) if staged.wish && partition >= 0 => {
                    partition = ANY_PARTITION;
                }
                Err(code) => {
                    let undelivered = Undelivered {
                        topic: Arc::clone(topic.name()),
                        code,
                        partition,
                        key_hash: record.key.as_deref().map(KeyHash::of),
                        maybe_stored: false,
                        reason: topic.core().reason_of(code, topic.name()),
                    };
                    return Err(undelivered.into());
                }
            }
        }
    }

    /// Delivers and commits; a transaction that cannot be committed is aborted.
    pub(super) fn commit(&self) -> Result<(), Ended> {
        let begun = Instant::now();
        let committed = repeat(begun + self.timeout, || {
            self.call(Producer::commit_transaction)
        });
        let Err(refusal) = committed else {
            return Ok(());
        };
        if refusal.severity == Severity::Retriable {
            // The commit may still arrive, so nothing else may be begun under its epoch.
            return Err(Ended {
                error: TransactionError::Unknown {
                    id: Arc::clone(&self.id),
                    waited: begun.elapsed(),
                },
                broken: true,
            });
        }
        Err(self.given_up(refusal))
    }

    /// Ends a transaction that was refused.
    fn given_up(&self, refusal: TransactionRefusal) -> Ended {
        let broken = refusal.severity == Severity::Fatal || self.abort().is_err();
        Ended {
            error: self.why(refusal),
            broken,
        }
    }

    /// Aborts; the producer must be replaced if that fails.
    pub(super) fn abort(&self) -> Result<(), TransactionRefusal> {
        let aborted = repeat(Instant::now() + ABORT, || {
            self.call(|producer| {
                let _late = producer.flush(FLUSH_BEFORE_ABORT);
                producer.abort_transaction(ABORT)
            })
        });
        if let Err(refusal) = &aborted {
            let TransactionRefusal { code, reason, .. } = refusal;
            tracing::warn!(id = &*self.id, %code, reason, "a transaction could not be aborted");
        }
        aborted
    }

    fn why(&self, refusal: TransactionRefusal) -> TransactionError {
        let id = Arc::clone(&self.id);
        let failures = std::mem::take(&mut *self.failures.lock());
        let mut topics: Vec<_> = failures.iter().map(|failure| failure.topic()).collect();
        topics.sort_unstable();
        topics.dedup();
        let reason = refusal.words(&topics);
        // Records that are given up because of the refusal are no reason for it.
        let failures: Vec<_> = failures
            .into_iter()
            .filter(|failure| !failure.is_fatal())
            .collect();
        if refusal.code.is_fenced() {
            TransactionError::Fenced { id, again: false }
        } else if failures.is_empty() {
            TransactionError::Aborted {
                id,
                code: refusal.code,
                reason,
            }
        } else {
            self.undelivered(failures)
        }
    }

    /// A producer that is fenced between two of its records is told by the second one.
    fn undelivered(&self, failures: Vec<SendError>) -> TransactionError {
        let id = Arc::clone(&self.id);
        match failures.iter().any(SendError::is_fenced) {
            true => TransactionError::Fenced { id, again: false },
            false => TransactionError::Undelivered { id, failures },
        }
    }

    fn call<T>(
        &self,
        call: impl FnOnce(&Producer) -> Result<T, TransactionRefusal>,
    ) -> Result<T, TransactionRefusal> {
        let producer = self.producer.get().map_err(|refusal| TransactionRefusal {
            code: refusal.code,
            reason: refusal.reason,
            severity: Severity::Fatal,
            missing: None,
        })?;
        call(&producer)
    }
}

/// What a transactional producer has beyond the template's properties.
fn properties(config: &TemplateConfig, id: &str) -> [(&'static str, String); 3] {
    let timeout = config.transactions.timeout.as_millis();
    // librdkafka refuses a delivery that may outlast its transaction.
    let delivery = config
        .resolved()
        .filter(|(key, _)| canonical(key) == canonical("delivery.timeout.ms"))
        .filter_map(|(_, value)| value.parse().ok())
        .last()
        .unwrap_or(timeout);
    [
        ("transactional.id", id.into()),
        ("transaction.timeout.ms", timeout.to_string()),
        ("delivery.timeout.ms", delivery.min(timeout).to_string()),
    ]
}

/// Repeats a call as long as librdkafka says that this may help.
fn repeat(
    deadline: Instant,
    mut call: impl FnMut() -> Result<(), TransactionRefusal>,
) -> Result<(), TransactionRefusal> {
    loop {
        match call() {
            Err(refusal)
                if refusal.severity == Severity::Retriable && Instant::now() < deadline =>
            {
                tracing::debug!(code = %refusal.code, reason = refusal.reason, "once more");
                thread::park_timeout(PAUSE);
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(severity: Severity) -> TransactionRefusal {
        TransactionRefusal {
            code: ErrorCode::TIMED_OUT,
            reason: "slow".into(),
            severity,
            missing: None,
        }
    }

    #[test]
    fn only_what_may_help_is_repeated() {
        let later = Instant::now() + Duration::from_secs(60);
        let mut answers = vec![Ok(()), Err(refusal(Severity::Retriable))];
        repeat(later, || answers.pop().unwrap()).unwrap();
        assert!(answers.is_empty());
        for severity in [Severity::Fatal, Severity::Abort, Severity::Other] {
            let mut calls = 0;
            let result = repeat(later, || {
                calls += 1;
                Err(refusal(severity))
            });
            assert_eq!((result.unwrap_err().severity, calls), (severity, 1));
        }
    }

    #[test]
    fn repeating_ends_at_the_deadline() {
        let now = Instant::now();
        let result = repeat(now, || Err(refusal(Severity::Retriable)));
        assert_eq!(result.unwrap_err().severity, Severity::Retriable);
    }

    #[test]
    fn a_delivery_does_not_outlast_its_transaction() {
        let mut config = TemplateConfig::new("localhost:1").property("message.timeout.ms", "9000");
        let delivery = |config: &TemplateConfig| properties(config, "id")[2].1.clone();
        assert_eq!(delivery(&config), "9000");
        config.transactions.timeout = Duration::from_secs(5);
        assert_eq!(delivery(&config), "5000");
    }
}
