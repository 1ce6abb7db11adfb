//! Where nothing went on between two kills.

use std::collections::BTreeMap;
use std::time::Duration;

use micro_kafka::admin::TopicPartition;
use micro_kafka::template::KafkaTemplate;
use tokio::time::{Instant, sleep};

/// How long nothing may be committed though records are there.
const PATIENCE: Duration = Duration::from_secs(90);

/// What was committed at the last kill. Who is killed again and again before it can commit anything
/// cannot be told from one that dies of a record, however slow the machine is: between two kills each
/// partition goes on, if only by one record.
#[derive(Debug, Default)]
pub(crate) struct Standstill {
    before: BTreeMap<TopicPartition, i64>,
    /// How many kills had to wait for that.
    pub(crate) waits: usize,
}

impl Standstill {
    /// Waits until each partition has gone on since the last call, if there was one, or is at its end.
    pub(crate) async fn ends(&mut self, kafka: &KafkaTemplate, topics: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        let mut waited = false;
        let mut now = BTreeMap::new();
        for topic in topics {
            let ends = kafka.admin().end_offsets(topic).await.unwrap();
            loop {
                let committed = kafka.admin().committed_offsets(topic).await;
                let committed = committed.unwrap_or_default();
                let at = |place: &TopicPartition| committed.get(place).map_or(0, |at| *at.max(&0));
                let places = ends
                    .keys()
                    .map(|number| TopicPartition::new(*topic, *number));
                let offsets: Vec<_> = places.map(|place| (at(&place), place)).collect();
                let stands = offsets.iter().zip(ends.values()).any(|((at, place), end)| {
                    let before = self.before.get(place);
                    at < end && before.is_some_and(|before| at <= before)
                });
                if !stands {
                    now.extend(offsets.into_iter().map(|(at, place)| (place, at)));
                    break;
                }
                let late = Instant::now() >= deadline;
                assert!(!late, "{topic} does not go on: {offsets:?} of {ends:?}");
                waited = true;
                // Nothing announces it to a stranger.
                sleep(Duration::from_millis(20)).await;
            }
        }
        self.before = now;
        self.waits += usize::from(waited);
    }
}
