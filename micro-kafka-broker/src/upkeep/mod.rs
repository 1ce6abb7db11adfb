//! What the broker does to its records without being asked: deleting what has expired, and
//! compacting.
//!
//! As in Kafka there are three tasks: [`retention`] looks at topics that are only deleted from, the
//! [`cleaner`] at all that are compacted, and deletes from those too, and [`producers`] forgets who
//! no longer writes.

mod cleaner;
mod producers;
mod retention;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::clock::Clock;
use crate::meta::{Catalog, Cleanup, Topic};
use crate::partition::{Partition, PartitionTable};

/// What the tasks work on.
#[derive(Debug, Clone)]
pub(crate) struct Upkeep {
    /// The topics with their settings.
    pub(crate) catalog: Arc<Catalog>,
    /// The partitions.
    pub(crate) partitions: Arc<PartitionTable>,
    /// Time.
    pub(crate) clock: Clock,
    /// Becomes true, or loses its sender, when the broker stops.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Upkeep {
    /// Starts the tasks; `alive` is dropped when they have ended.
    pub(crate) fn start(self, alive: &mpsc::Sender<()>) {
        let cleaner = self.clone();
        let cleaner_alive = alive.clone();
        tokio::spawn(async move {
            cleaner.clean_until_stopped().await;
            drop(cleaner_alive);
        });
        let forgetting = self.clone();
        let forgetting_alive = alive.clone();
        tokio::spawn(async move {
            forgetting.forget_producers_until_stopped().await;
            drop(forgetting_alive);
        });
        let alive = alive.clone();
        tokio::spawn(async move {
            self.expire_until_stopped().await;
            drop(alive);
        });
    }

    /// Whether the broker stops, or was dropped.
    fn is_stopped(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Sleeps; false when the broker stops.
    async fn sleep(&mut self, duration: Duration) -> bool {
        let until = self.clock.now().checked_add(duration);
        let clock = self.clock.clone();
        let slept = async move {
            match until {
                Some(until) => clock.sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // An error means that the broker was dropped.
            _ = self.stop.wait_for(|stop| *stop) => false,
            () = slept => true,
        }
    }

    /// A time of the broker's configuration, in milliseconds there.
    fn duration(&self, name: &str) -> Duration {
        let millis = self.catalog.config().number(name);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// The partitions here of all topics for which `wanted` says so.
    fn partitions(&self, wanted: impl Fn(&Cleanup) -> bool) -> Vec<Kept> {
        let image = self.catalog.image();
        let topics = image.topics().filter(|t| wanted(&t.settings.cleanup));
        let kept = topics.flat_map(|topic| {
            let partitions = (0..).zip(self.partitions.of_topic(topic.id));
            partitions.map(|(index, partition)| Kept {
                topic: Arc::clone(topic),
                index,
                partition,
            })
        });
        kept.collect()
    }
}

/// A partition under upkeep.
#[derive(Debug)]
struct Kept {
    topic: Arc<Topic>,
    index: i32,
    partition: Arc<Partition>,
}

#[cfg(test)]
mod tests;
