//! Reads partitions of the topic up to their ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::marks::Restored;
use crate::admin::{AdminError, KafkaAdmin, NewTopic};
use crate::client::{AssignedConsumer, Read, TopicPartition};
use crate::error::BoxError;
use crate::record::Record;

/// How long nothing may come: a transaction that a dead instance left open ends meanwhile.
const PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(100);
const OWN: [(&str, &str); 3] = [
    ("isolation.level", "read_committed"),
    ("fetch.wait.max.ms", "10"),
    ("queued.max.messages.kbytes", "8192"),
];
/// What only members of groups need.
const OF_GROUPS: [&str; 3] = ["group.id", "group.instance.id", "group.protocol"];

/// Reads for all partitions that ask at about the same time by one consumer.
#[derive(Debug)]
pub(super) struct Reader {
    settings: Vec<(String, String)>,
    admin: KafkaAdmin,
    topic: Arc<str>,
    waiting: Mutex<Vec<Wanted>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Wanted {
    partition: i32,
    from: i64,
    prefix: Arc<str>,
    answer: oneshot::Sender<Result<Found, Arc<str>>>,
}

/// What was read of one partition.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Where it ended.
    pub(super) next: i64,
    pub(super) marks: Vec<Restored>,
}

/// What is still to be read of one partition.
#[derive(Debug)]
struct Open {
    end: i64,
    next: i64,
    takers: Vec<Taker>,
}

/// Who wants marks of a partition.
#[derive(Debug)]
struct Taker {
    /// Its place among those that ask.
    number: usize,
    from: i64,
    prefix: Arc<str>,
    marks: Vec<Restored>,
}

impl Reader {
    pub(super) fn new(
        mut settings: Vec<(String, String)>,
        admin: KafkaAdmin,
        topic: &Arc<str>,
    ) -> Self {
        settings.retain(|(name, _)| {
            let own = OWN.iter().map(|(own, _)| *own);
            !own.chain(OF_GROUPS).any(|own| own == name)
        });
        settings.extend(OWN.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Self {
            settings,
            admin,
            topic: Arc::clone(topic),
            waiting: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// The marks from an offset to the end as it is now, of those whose keys begin with `prefix`.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn read(
        &self,
        partition: i32,
        from: i64,
        prefix: &Arc<str>,
    ) -> Result<Found, BoxError> {
        loop {
            let (answer, mut answered) = oneshot::channel();
            self.waiting.lock().push(Wanted {
                partition,
                from,
                prefix: Arc::clone(prefix),
                answer,
            });
            let _turn = self.turn.lock().await;
            let mut found = answered.try_recv();
            if matches!(found, Err(TryRecvError::Empty)) {
                let wanted = std::mem::take(&mut *self.waiting.lock());
                self.serve(wanted).await;
                found = answered.try_recv();
            }
            // Whoever read for it may have been dropped meanwhile: then it asks again.
            if let Ok(found) = found {
                return found.map_err(|error| BoxError::from(&*error));
            }
        }
    }

    async fn serve(&self, wanted: Vec<Wanted>) {
        let read = self.read_all(&wanted).await;
        let mut read = read.map_err(|error| Arc::<str>::from(error.to_string()));
        for (number, Wanted { answer, .. }) in wanted.into_iter().enumerate() {
            let found = match &mut read {
                Ok(read) => Ok(read.remove(&number).unwrap_or_default()),
                Err(error) => Err(Arc::clone(error)),
            };
            // Whoever asked may be gone.
            let _ = answer.send(found);
        }
    }

    /// What each of them wants, by its place.
    async fn read_all(&self, wanted: &[Wanted]) -> Result<HashMap<usize, Found>, BoxError> {
        let most = wanted.iter().map(|one| one.partition).max().unwrap_or(0);
        let ends = self.ends(most).await?;
        let mut open: HashMap<i32, Open> = HashMap::new();
        for (number, one) in wanted.iter().enumerate() {
            let end = ends.get(&one.partition).copied().unwrap_or(0);
            let partition = open.entry(one.partition).or_insert(Open {
                end,
                next: 0,
                takers: Vec::new(),
            });
            partition.takers.push(Taker {
                number,
                from: one.from,
                prefix: Arc::clone(&one.prefix),
                marks: Vec::new(),
            });
        }
        let mut found = HashMap::new();
        let mut places = Vec::new();
        open.retain(|partition, open| {
            let from = open.takers.iter().map(|taker| taker.from).min();
            let from = from.unwrap_or(0);
            if open.end <= from.max(0) {
                open.next = open.end;
                open.close(&mut found);
                return false;
            }
            places.push((TopicPartition::new(&self.topic, *partition), from));
            true
        });
        if open.is_empty() {
            return Ok(found);
        }
        let settings = self.settings.clone();
        let reading = tokio::task::spawn_blocking(move || read(settings, &places, open));
        found.extend(reading.await??);
        Ok(found)
    }

    /// The ends of all partitions; the topic grows if it has too few of them.
    async fn ends(&self, most: i32) -> Result<HashMap<i32, i64>, AdminError> {
        let ends = self.admin.end_offsets(&self.topic).await?;
        if ends.contains_key(&most) {
            return Ok(ends.into_iter().collect());
        }
        let count = u32::try_from(most).unwrap_or(0).saturating_add(1);
        let wider = NewTopic::new(&*self.topic).partitions(count);
        self.admin.create_or_modify(&[wider], false).await?;
        tracing::info!(
            topic = &*self.topic,
            partitions = count,
            "topic of seen keys grown"
        );
        Ok(self
            .admin
            .end_offsets(&self.topic)
            .await?
            .into_iter()
            .collect())
    }
}

impl Open {
    fn take(&mut self, record: &Record) {
        for taker in &mut self.takers {
            if record.offset() >= taker.from {
                taker.marks.extend(mark(record, &taker.prefix));
            }
        }
    }

    fn close(&mut self, found: &mut HashMap<usize, Found>) {
        for Taker { number, marks, .. } in self.takers.drain(..) {
            let next = self.next;
            found.insert(number, Found { next, marks });
        }
    }
}

/// Reads until each partition has come to its end; blocks.
fn read(
    settings: Vec<(String, String)>,
    places: &[(TopicPartition, i64)],
    mut open: HashMap<i32, Open>,
) -> Result<HashMap<usize, Found>, BoxError> {
    let consumer = AssignedConsumer::telling_ends(settings, places)?;
    let mut found = HashMap::new();
    let mut last = Instant::now();
    while !open.is_empty() {
        let (partition, next) = match consumer.read(POLL) {
            Some(Ok(Read::Record(record))) => {
                let (partition, next) = (record.partition(), record.offset() + 1);
                if let Some(open) = open.get_mut(&partition) {
                    open.take(&record);
                }
                (partition, next)
            }
            Some(Ok(Read::End { partition, offset })) => (partition, offset),
            Some(Err(code)) if !code.is_retriable() => return Err(code.to_string().into()),
            Some(Err(_)) | None if last.elapsed() < PATIENCE => continue,
            Some(Err(_)) | None => {
                return Err(
                    "its end was not reached: the broker does not answer, or a transaction \
                            is still open"
                        .into(),
                );
            }
        };
        last = Instant::now();
        if let Some(one) = open.get_mut(&partition) {
            one.next = one.next.max(next);
            if one.next >= one.end {
                one.close(&mut found);
                open.remove(&partition);
            }
        }
    }
    Ok(found)
}

/// The mark of a record, if it is one of that prefix.
fn mark(record: &Record, prefix: &str) -> Option<Restored> {
    let key = std::str::from_utf8(record.key()?).ok()?;
    let key = key.strip_prefix(prefix)?.into();
    let Some(value) = record.payload() else {
        return Some((key, None));
    };
    let millis = std::str::from_utf8(value).ok()?.parse().ok()?;
    Some((key, Some(Duration::from_millis(millis))))
}
