//! Keys in a compacted topic.
//!
//! The marks of a source partition are in the partition of the same number, so that whoever is
//! assigned the one reads the other, to its end, before its first record runs. From then on it is
//! the only one that writes there, and its memory is right.
//!
//! The pieces: `marks` (what is known of a partition), `reader` (reads partitions to their ends),
//! `claim` (one key at work).

mod claim;
mod marks;
mod reader;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use metrics::Gauge;
use parking_lot::Mutex;

use self::claim::{Forgetting, InTopic};
use self::marks::{Answer, Marks};
use self::reader::Reader;
use super::{Assignment, Busy, Claim, ClaimRequest, IdempotencyStore, StoreError, StoreFuture};
use crate::admin::{KafkaAdmin, NewTopic};
use crate::error::BoxError;
use crate::observe::{MetricTags, catalog};
use crate::template::KafkaTemplate;

/// Reads a partition from its first record on.
const BEGINNING: i64 = -2;
const CLEANUP: &str = "cleanup.policy";
/// What a topic of marks is created with: compaction only looks at closed segments, and a tombstone
/// has told everybody all that it can as soon as it is there.
const CONFIGS: [(&str, &str); 5] = [
    (CLEANUP, "compact"),
    ("segment.bytes", "67108864"),
    ("segment.ms", "3600000"),
    ("min.cleanable.dirty.ratio", "0.2"),
    ("delete.retention.ms", "3600000"),
];

/// What the store of one listener is made of.
#[derive(Debug)]
pub(crate) struct TopicSettings {
    /// The topic of the marks, as the broker knows it.
    pub(crate) topic: String,
    /// The properties of the listener's consumers.
    pub(crate) properties: Vec<(String, String)>,
    /// The most keys of one partition.
    pub(crate) capacity: usize,
}

/// Remembers the keys of one listener in a compacted topic. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct TopicStore(Arc<Inner>);

/// A topic and a partition that a listener reads.
type Source = (Arc<str>, i32);

#[derive(Debug)]
struct Inner {
    topic: Arc<str>,
    capacity: usize,
    template: KafkaTemplate,
    admin: KafkaAdmin,
    reader: Reader,
    partitions: Mutex<HashMap<Source, Arc<Seen>>>,
}

/// The keys of one source partition.
#[derive(Debug)]
struct Seen {
    partition: i32,
    /// What its keys begin with in the topic: listener and source topic.
    prefix: Arc<str>,
    restoring: tokio::sync::Mutex<()>,
    marks: Mutex<Marks>,
    known: Gauge,
}

impl TopicStore {
    pub(crate) fn new(settings: TopicSettings, template: &KafkaTemplate) -> Self {
        let topic: Arc<str> = settings.topic.into();
        let template = template.with_wire_names();
        let admin = template.admin().with_wire_names();
        Self(Arc::new(Inner {
            reader: Reader::new(settings.properties, admin.clone(), &topic),
            topic,
            capacity: settings.capacity,
            template,
            admin,
            partitions: Mutex::default(),
        }))
    }

    fn seen(&self, scope: &str, of: Assignment<'_>) -> Arc<Seen> {
        let mut partitions = self.0.partitions.lock();
        let name = (Arc::from(of.topic), of.partition);
        let number = of.partition.to_string();
        let tags = [of.topic, &*number];
        let seen = partitions.entry(name).or_insert_with(|| {
            Arc::new(Seen {
                partition: of.partition,
                prefix: format!("{scope}/{}/", of.topic).into(),
                restoring: tokio::sync::Mutex::default(),
                marks: Mutex::new(Marks::new(self.0.capacity, BEGINNING)),
                known: catalog::SEEN_KEYS.gauge(&MetricTags::default(), &tags),
            })
        });
        Arc::clone(seen)
    }

    /// Reads what the topic holds, unless that was done for this assignment.
    async fn restore(&self, seen: &Seen, epoch: u64) -> Result<(), BoxError> {
        if seen.marks.lock().is_of(epoch) {
            return Ok(());
        }
        let _restoring = seen.restoring.lock().await;
        let (known, from) = {
            let marks = seen.marks.lock();
            (marks.is_of(epoch), marks.next())
        };
        if known {
            return Ok(());
        }
        let reading = self.0.reader.read(seen.partition, from, &seen.prefix);
        let found = reading.await?;
        let mut marks = seen.marks.lock();
        marks.restore(epoch, found.next, found.marks);
        seen.count(&marks);
        tracing::debug!(
            topic = &*self.0.topic,
            partition = seen.partition,
            keys = marks.len(),
            "seen keys restored"
        );
        Ok(())
    }

    /// Begins to take keys out of the topic whose windows are over.
    async fn forget(&self, seen: &Arc<Seen>, now: Duration) -> Forgetting {
        let keys = seen.marks.lock().forget(now);
        let mut forgetting = Forgetting::new(seen, keys);
        for key in forgetting.keys() {
            let name = seen.name(&key);
            let tombstone = self.0.template.send_bytes(&self.0.topic, None);
            let tombstone = tombstone.key(name).partition(seen.partition);
            forgetting.add(tombstone.queue().await);
        }
        forgetting
    }

    async fn prepare_for(&self, topics: &[String]) -> Result<(), BoxError> {
        let admin = &self.0.admin;
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        let counts = match *names {
            [] => BTreeMap::new(),
            _ => admin.partition_counts(&names).await?,
        };
        let most = counts.values().flatten().max().copied().unwrap_or(1);
        let topic = NewTopic::new(&*self.0.topic).partitions(most);
        let topic = CONFIGS
            .iter()
            .fold(topic, |topic, (key, value)| topic.config(*key, *value));
        let plan = admin.create_or_modify(&[topic], false).await?;
        plan.steps.iter().for_each(|step| tracing::debug!("{step}"));
        let configs = admin.topic_configs(&[&self.0.topic]).await?;
        let policy = configs.get(&*self.0.topic).and_then(|all| all.get(CLEANUP));
        match policy.and_then(Option::as_deref) {
            Some("compact") | None => Ok(()),
            Some(policy) => Err(format!(
                "the topic `{}` has `{CLEANUP}={policy}`, which deletes keys that are to be \
                 remembered: set it to `compact`, or name another topic by `idempotency-topic`",
                self.0.topic
            )
            .into()),
        }
    }

    async fn claim_key(&self, request: ClaimRequest<'_>) -> Result<Claim, BoxError> {
        let seen = self.seen(request.scope, request.assignment);
        let epoch = request.assignment.epoch;
        if seen.marks.lock().is_beyond(epoch) {
            // Nobody waits for it any more.
            return Ok(Claim::Busy(Busy::until(std::future::pending())));
        }
        self.restore(&seen, epoch).await?;
        let key: Arc<str> = request.key.into();
        let answer = seen.marks.lock().claim(&key, request.now, request.offset);
        let claim = match answer {
            Answer::Seen => return Ok(Claim::Seen),
            Answer::Busy(mut end) => {
                return Ok(Claim::Busy(Busy::until(async move {
                    // An error is the end that is waited for.
                    let _ = end.changed().await;
                })));
            }
            Answer::Fresh(claim) => claim,
        };
        let mut claimed = InTopic::new(self, &seen, key, claim, &request);
        claimed.forgetting = self.forget(&seen, request.now).await;
        Ok(Claim::Fresh(Box::new(claimed)))
    }
}

impl Seen {
    #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
    fn count(&self, marks: &Marks) {
        self.known.set(marks.len() as f64);
    }

    /// A key as the topic has it.
    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

impl IdempotencyStore for TopicStore {
    fn claim<'a>(
        &'a self,
        request: ClaimRequest<'a>,
    ) -> StoreFuture<'a, Result<Claim, StoreError>> {
        Box::pin(async move {
            let claim = self.claim_key(request).await;
            claim.map_err(|error| StoreError::new("read its topic", error))
        })
    }

    fn joins_transactions(&self) -> bool {
        true
    }

    fn prepare<'a>(&'a self, topics: &'a [String]) -> StoreFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let prepared = self.prepare_for(topics).await;
            prepared.map_err(|error| StoreError::new("make its topic", error))
        })
    }

    fn given_up(&self, assignment: Assignment<'_>) {
        let name = (Arc::from(assignment.topic), assignment.partition);
        let mut partitions = self.0.partitions.lock();
        let of = |seen: &Arc<Seen>| seen.marks.lock().is_of(assignment.epoch);
        if partitions.get(&name).is_some_and(of)
            && let Some(seen) = partitions.remove(&name)
        {
            seen.known.set(0.0);
        }
    }
}
