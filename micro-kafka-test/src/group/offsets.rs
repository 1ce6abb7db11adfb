//! What a group has committed, and what is left for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::Location;

use micro_kafka::admin::AdminError;

use super::{AGAIN, TestGroup};
use crate::show;
use crate::wait::{Deadline, Wait};

/// By partition, an offset or a number of records.
type ByPartition = BTreeMap<i32, i64>;

/// How far a group is with a topic.
struct Position {
    starts: ByPartition,
    ends: ByPartition,
    committed: ByPartition,
}

impl Position {
    /// By partition, how many records are left to it.
    fn lag(&self) -> ByPartition {
        let lag = |(partition, end): (&i32, &i64)| {
            let from = self.committed.get(partition);
            let from = from.or_else(|| self.starts.get(partition));
            (*partition, end - from.copied().unwrap_or(0))
        };
        self.ends.iter().map(lag).collect()
    }

    fn show(&self) -> String {
        let mut text = String::new();
        for (partition, lag) in self.lag() {
            let end = self.ends.get(&partition).copied().unwrap_or_default();
            let committed = match self.committed.get(&partition) {
                Some(offset) => offset.to_string(),
                None => "nothing".to_owned(),
            };
            let _ = write!(
                text,
                "\n  [{partition}] committed {committed}, end {end}, lag {lag}"
            );
        }
        text
    }
}

impl<'a> TestGroup<'a> {
    /// The offsets that it has committed for a topic, by partition.
    ///
    /// # Panics
    /// If the broker does not answer.
    #[track_caller]
    pub fn committed(&self, topic: &str) -> Wait<'a, BTreeMap<i32, i64>> {
        let (this, topic) = (self.clone(), topic.to_owned());
        Wait::new(Location::caller(), move |deadline| async move {
            answered(this.committed_now(&topic).await, deadline)
        })
    }

    /// By partition, how many records of a topic are left to it.
    ///
    /// # Panics
    /// If the broker does not answer, or the topic does not exist.
    #[track_caller]
    pub fn lag(&self, topic: &str) -> Wait<'a, BTreeMap<i32, i64>> {
        let (this, topic) = (self.clone(), topic.to_owned());
        Wait::new(Location::caller(), move |deadline| async move {
            answered(this.position(&topic).await, deadline).lag()
        })
    }

    /// Waits until it has committed these offsets, by partition, and none for others.
    ///
    /// # Panics
    /// After 20 s, with what is committed.
    #[track_caller]
    pub fn assert_committed(
        &self,
        topic: &str,
        offsets: impl IntoIterator<Item = (i32, i64)>,
    ) -> Wait<'a, ()> {
        let offsets: ByPartition = offsets.into_iter().collect();
        let expected = format!("to have committed {offsets:?} of topic `{topic}`");
        self.reaches(topic, expected, move |now| now.committed == offsets)
    }

    /// Waits until so many records of a topic are left to it, all partitions together.
    ///
    /// # Panics
    /// After 20 s, with what is committed.
    #[track_caller]
    pub fn assert_lag(&self, topic: &str, records: i64) -> Wait<'a, ()> {
        let expected = format!("to have a lag of {records} on topic `{topic}`");
        self.reaches(topic, expected, move |now| {
            now.lag().values().sum::<i64>() == records
        })
    }

    #[track_caller]
    fn reaches(
        &self,
        topic: &str,
        expected: String,
        is: impl Fn(&Position) -> bool + Send + Sync + 'a,
    ) -> Wait<'a, ()> {
        let (this, topic) = (self.clone(), topic.to_owned());
        Wait::new(Location::caller(), move |deadline| async move {
            let mut last = String::new();
            let waiting = async {
                loop {
                    let now = answered(this.position(&topic).await, deadline);
                    if is(&now) {
                        return;
                    }
                    last = now.show();
                    tokio::time::sleep(AGAIN).await;
                }
            };
            if deadline.met(waiting).await.is_none() {
                let (group, within) = (&this.name, deadline.within);
                deadline.fail(&format!(
                    "expected group `{group}` {expected} within {within:?}:{last}"
                ));
            }
        })
    }

    async fn committed_now(&self, topic: &str) -> Result<ByPartition, AdminError> {
        let committed = self.kafka.admin().committed_offsets(&self.name).await?;
        let of_topic = committed
            .into_iter()
            .filter(|(place, _)| place.topic == topic);
        Ok(of_topic
            .map(|(place, offset)| (place.partition, offset))
            .collect())
    }

    async fn position(&self, topic: &str) -> Result<Position, AdminError> {
        let admin = self.kafka.admin();
        Ok(Position {
            committed: self.committed_now(topic).await?,
            starts: admin.start_offsets(topic).await?,
            ends: admin.end_offsets(topic).await?,
        })
    }
}

fn answered<T>(answer: Result<T, AdminError>, deadline: Deadline) -> T {
    answer.unwrap_or_else(|error| deadline.fail(&show::chain(&error)))
}
