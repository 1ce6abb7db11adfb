//! Gets records back by their offsets, when they are due soon and not in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::index::Waiting;
use crate::client::{AssignedConsumer, ClientError, TopicPartition};
use crate::record::OwnedRecord;

/// So many records are read over to get to the next one; more are jumped over.
const GAP: i64 = 500;
/// How long one record may take to come.
const TIMEOUT: Duration = Duration::from_secs(10);
/// It holds little at a time.
const SMALL: [(&str, &str); 4] = [
    ("queued.max.messages.kbytes", "2048"),
    ("fetch.message.max.bytes", "262144"),
    ("fetch.wait.max.ms", "10"),
    // What is asked for was read as committed before.
    ("isolation.level", "read_uncommitted"),
];

/// Reads single records.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    settings: Vec<(String, String)>,
    topic: Arc<str>,
    consumer: Arc<Mutex<Option<AssignedConsumer>>>,
}

/// What was got back.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    pub(super) found: Vec<(Waiting, OwnedRecord)>,
    /// What is not there any more.
    pub(super) gone: Vec<Waiting>,
    /// Why the rest was not got.
    pub(super) failure: Option<String>,
}

impl Reader {
    pub(super) fn new(mut settings: Vec<(String, String)>, topic: &str) -> Self {
        settings.retain(|(name, _)| name != "group.id" && name != "group.instance.id");
        settings.extend(SMALL.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Self {
            settings,
            topic: topic.into(),
            consumer: Arc::default(),
        }
    }

    /// Gets these records, each with the number of its partition; in the background.
    pub(super) async fn fetch(self, mut wanted: Vec<(i32, Waiting)>) -> Fetched {
        wanted.sort_unstable_by_key(|(partition, waiting)| (*partition, waiting.offset));
        let fetching = tokio::task::spawn_blocking(move || self.fetch_sorted(&wanted));
        fetching.await.unwrap_or_else(|error| Fetched {
            failure: Some(error.to_string()),
            ..Fetched::default()
        })
    }

    fn fetch_sorted(&self, wanted: &[(i32, Waiting)]) -> Fetched {
        let mut fetched = Fetched::default();
        let mut consumer = self.consumer.lock();
        if let Err(error) = self.fetch_into(&mut consumer, wanted, &mut fetched) {
            fetched.failure = Some(error);
            *consumer = None;
        }
        fetched
    }

    fn fetch_into(
        &self,
        consumer: &mut Option<AssignedConsumer>,
        wanted: &[(i32, Waiting)],
        fetched: &mut Fetched,
    ) -> Result<(), String> {
        let refused = |error: ClientError| error.to_string();
        let mut place: Option<(i32, i64)> = None;
        for (partition, waiting) in wanted {
            let goes_on = place.is_some_and(|(at, next)| {
                at == *partition && next <= waiting.offset && waiting.offset - next <= GAP
            });
            if !goes_on {
                let target = [(TopicPartition::new(&self.topic, *partition), waiting.offset)];
                match &*consumer {
                    Some(consumer) => consumer.assign(&target).map_err(refused)?,
                    None => {
                        let settings = self.settings.clone();
                        let made = AssignedConsumer::new(settings, &target, "error");
                        *consumer = Some(made.map_err(refused)?);
                    }
                }
            }
            let Some(consumer) = consumer.as_ref() else {
                return Err("no consumer".into());
            };
            let (read, record) = read_until(consumer, waiting.offset)?;
            place = Some((*partition, read + 1));
            match record {
                Some(record) => fetched.found.push((*waiting, record)),
                None => fetched.gone.push(*waiting),
            }
        }
        if let Some(consumer) = consumer.as_ref() {
            consumer.assign(&[]).map_err(refused)?;
        }
        Ok(())
    }
}

/// Reads on to that offset: the last offset that was read, and the record if it is there.
fn read_until(
    consumer: &AssignedConsumer,
    offset: i64,
) -> Result<(i64, Option<OwnedRecord>), String> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match consumer.next(left) {
            Some(Ok(record)) if record.offset() < offset => {}
            Some(Ok(record)) => {
                let found = record.offset() == offset;
                return Ok((record.offset(), found.then(|| record.to_owned_record())));
            }
            Some(Err(code)) => return Err(code.to_string()),
            None if left.is_zero() => return Err("it was not told in time".into()),
            None => {}
        }
    }
}
