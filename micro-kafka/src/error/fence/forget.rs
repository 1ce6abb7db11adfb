//! What is forgotten of keys that are not fenced any more, by whoever reads their source.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Fences;
use super::log::Stored;
use super::place::FencePlace;
use super::table::{Part, Says};
use crate::error::BoxError;

/// How long the progress of a key is kept, in which its copies may come a second time.
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);
/// Of how many keys.
const MOST_KEPT: usize = 50_000;

impl Fences {
    /// This process reads that partition of the source from now on.
    pub(crate) fn own(&self, topic: &str, partition: i32) {
        self.owned.lock().insert((topic.to_owned(), partition));
        self.table.lock().look_for_spent(topic, partition);
    }

    /// This process does not read that partition of the source any more.
    pub(crate) fn disown(&self, topic: &str, partition: i32) {
        self.owned.lock().remove(&(topic.to_owned(), partition));
    }

    /// Begins to forget what nobody needs any more.
    pub(crate) fn tend(self: &Arc<Self>, runtime: &Handle) {
        let until = self.clock.since_epoch().saturating_sub(KEEP);
        let (spent, old) = {
            let mut table = self.table.lock();
            (table.take_spent(), table.take_old(MOST_KEPT, until))
        };
        let spent = spent.into_iter().map(|place| (place, Part::Announced));
        let old = old.into_iter().map(|place| (place, Part::Progress));
        let mut all: Vec<_> = spent.chain(old).collect();
        let owned = self.owned.lock();
        all.retain(|(place, _)| {
            let of = place.parts();
            of.is_some_and(|(topic, partition, _)| owned.contains(&(topic.to_owned(), partition)))
        });
        drop(owned);
        if !all.is_empty() {
            let fences = Arc::clone(self);
            runtime.spawn(async move { fences.forget(all).await });
        }
    }

    async fn forget(&self, all: Vec<(FencePlace, Part)>) {
        let mut queued = Vec::with_capacity(all.len());
        for (place, part) in &all {
            match self.queue_nothing(place, *part).await {
                Ok(stored) => queued.extend(stored),
                Err(error) => tracing::debug!(%error, "a fence stays in its topic"),
            }
        }
        // The table hears of it by reading the topic, in its order.
        for stored in queued {
            if let Err(error) = stored.await {
                tracing::debug!(%error, "a fence stays in its topic");
            }
        }
    }

    /// Nothing may be announced meanwhile: it would be forgotten at once.
    async fn queue_nothing(
        &self,
        place: &FencePlace,
        part: Part,
    ) -> Result<Option<Stored>, BoxError> {
        let _turn = self.writing.lock().await;
        let over = self.table.lock().is_over(place, part);
        if !over || self.pending.lock().contains_key(place) {
            return Ok(None);
        }
        self.queue(place, Says::Nothing(part)).await.map(Some)
    }
}
