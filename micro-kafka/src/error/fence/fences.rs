//! The fences of a listener.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OnceCell, mpsc, watch};

use super::log::{FenceLog, Stored};
use super::place::{FencePlace, FencedCopy, Origin};
use super::table::{Announced, CopyState, FencedKeys, Part, Progress, Says, Table};
use crate::client::Slot;
use crate::clock::Clock;
use crate::error::BoxError;

/// The key of a record that says nothing but how far the topic goes.
const MARK: &[u8] = b"mark";
/// The waits before what could not be read is tried again.
const AGAIN: Duration = Duration::from_millis(100);
const MOST_AGAIN: Duration = Duration::from_secs(5);

/// What a loop hears of fences.
#[derive(Debug)]
pub(crate) enum FenceSignal {
    /// A partition has come to have too many fenced keys, or has no more too many.
    Count {
        /// The source, as the broker knows it.
        topic: String,
        /// Its partition.
        partition: i32,
    },
    /// All is known that there was when this assignment of a partition began.
    Restored {
        /// The partition.
        slot: Slot,
        /// Its assignment.
        epoch: u32,
    },
}

/// The fences of a listener: what is known of them, and the way to change them.
#[derive(Debug)]
pub(crate) struct Fences {
    pub(super) log: Box<dyn FenceLog>,
    pub(super) clock: Clock,
    /// The most fenced keys of a partition that is read.
    most: usize,
    pub(super) table: Mutex<Table>,
    /// How many keys are fenced, so that nobody waits for the table where none is.
    up: AtomicUsize,
    /// Held while a record is queued, so that tokens and records have one order; the last token.
    pub(super) writing: tokio::sync::Mutex<u64>,
    reading: OnceCell<()>,
    position: watch::Sender<i64>,
    /// Keys that something is being announced of.
    pub(super) pending: Mutex<HashMap<FencePlace, usize>>,
    /// The last tokens whose announcement may or may not have been stored.
    uncertain: Mutex<HashMap<FencePlace, u64>>,
    /// The source's partitions that this process reads.
    pub(super) owned: Mutex<HashSet<(String, i32)>>,
    watchers: Mutex<Vec<mpsc::UnboundedSender<FenceSignal>>>,
}

impl Fences {
    pub(crate) fn new(log: impl FenceLog + 'static, clock: Clock, most: usize) -> Arc<Self> {
        Arc::new(Self {
            log: Box::new(log),
            clock,
            most,
            table: Mutex::default(),
            up: AtomicUsize::new(0),
            writing: tokio::sync::Mutex::default(),
            reading: OnceCell::new(),
            position: watch::Sender::new(0),
            pending: Mutex::default(),
            uncertain: Mutex::default(),
            owned: Mutex::default(),
            watchers: Mutex::default(),
        })
    }

    /// Tells of partitions that come to have too many fenced keys.
    pub(crate) fn watch(&self, watcher: mpsc::UnboundedSender<FenceSignal>) {
        let mut watchers = self.watchers.lock();
        watchers.retain(|watcher| !watcher.is_closed());
        watchers.push(watcher);
    }

    /// Waits until all is known that was written before this call, whatever that takes.
    pub(crate) async fn restored(self: &Arc<Self>) {
        let mut wait = AGAIN;
        while let Err(error) = self.restore().await {
            tracing::warn!(%error, ?wait, "fences cannot be restored yet");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(MOST_AGAIN);
        }
    }

    async fn restore(self: &Arc<Self>) -> Result<(), BoxError> {
        let begin = || self.log.read(Arc::downgrade(self));
        self.reading.get_or_try_init(begin).await?;
        let stored = {
            let _turn = self.writing.lock().await;
            self.log.queue(MARK.to_vec(), Some(Vec::new())).await?
        };
        let end = stored.await?;
        let mut position = self.position.subscribe();
        position.wait_for(|position| *position > end).await?;
        Ok(())
    }

    /// Takes what the topic says at that offset.
    pub(crate) fn read(&self, at: i64, key: &[u8], value: Option<&[u8]>) {
        let entry = key.split_first().filter(|_| key != MARK);
        let entry = entry.and_then(|(letter, place)| {
            let says = Says::read(Part::of_letter(*letter)?, value)?;
            Some((FencePlace::read(place)?, says))
        });
        self.change(entry.as_ref().map(|(place, _)| place), |table, now| {
            table.read(at);
            if let Some((place, says)) = &entry {
                table.note(at, place, *says, now);
            }
        });
        self.position.send_replace(at + 1);
    }

    /// Changes the table, and tells whoever has to know.
    fn change(&self, place: Option<&FencePlace>, change: impl FnOnce(&mut Table, Duration)) {
        let now = self.clock.since_epoch();
        let of = place.and_then(FencePlace::parts);
        let mut table = self.table.lock();
        let is_full = |table: &Table| {
            of.is_some_and(|(topic, partition, _)| table.fenced(topic, partition) >= self.most)
        };
        let before = is_full(&table);
        change(&mut table, now);
        let after = is_full(&table);
        self.up.store(table.up(), Ordering::Release);
        drop(table);
        if let Some((topic, partition, _)) = of.filter(|_| before != after) {
            for watcher in &*self.watchers.lock() {
                let topic = topic.to_owned();
                // Gone only if its consumer is.
                let _ = watcher.send(FenceSignal::Count { topic, partition });
            }
        }
    }

    /// Whether no key is fenced: what most records of most partitions need to know.
    pub(crate) fn is_none_up(&self) -> bool {
        self.up.load(Ordering::Acquire) == 0
    }

    /// Whether records of that key have to wait behind another.
    pub(crate) fn is_up(&self, place: &FencePlace) -> bool {
        self.table.lock().is_up(place)
    }

    /// How many keys of a partition are fenced, if they are so many that it may not be read.
    pub(crate) fn too_many(&self, topic: &str, partition: i32) -> Option<usize> {
        let fenced = self.table.lock().fenced(topic, partition);
        (fenced >= self.most).then_some(fenced)
    }

    /// The last record of a partition that may have a copy, of those of fenced keys.
    pub(crate) fn frontier(&self, topic: &str, partition: i32) -> Option<i64> {
        self.table.lock().frontier(topic, partition)
    }

    /// What is fenced, of all partitions of the group.
    pub(crate) fn fenced_keys(&self) -> FencedKeys {
        self.table.lock().fenced_keys()
    }

    /// What a copy has come to.
    pub(crate) fn copy(&self, copy: &FencedCopy) -> CopyState {
        self.table.lock().copy(copy)
    }

    /// Announces a copy of a record, before it is published; its token.
    ///
    /// A record that was announced before, and whose publish may or may not have been stored, has the
    /// token of then.
    pub(crate) async fn announce(
        &self,
        place: &FencePlace,
        origin: Origin,
    ) -> Result<u64, BoxError> {
        let _pending;
        let (says, stored) = {
            let mut last = self.writing.lock().await;
            let now = self.clock.since_epoch();
            let (known, beyond) = {
                let table = self.table.lock();
                (table.announced(place), table.beyond(place))
            };
            // One that is not read yet may have a later token, with which the key would stay fenced.
            let lost = self.uncertain.lock().get(place).copied();
            let is_last = |known: &Announced| lost.is_none_or(|lost| known.token >= lost);
            let again = known.filter(|known| known.origin == origin);
            if let Some(again) = again.filter(is_last) {
                self.uncertain.lock().remove(place);
                return Ok(again.token);
            }
            _pending = Pending::new(self, place);
            let micros = u64::try_from(now.as_micros()).unwrap_or(0);
            *last = micros.max(beyond).max(*last + 1);
            let says = Announced {
                token: *last,
                origin,
                since: known.map_or(now, |known| known.since),
            };
            self.uncertain.lock().insert(place.clone(), says.token);
            let stored = self.queue(place, Says::Announced(says)).await?;
            (says, stored)
        };
        let at = stored.await?;
        self.uncertain.lock().remove(place);
        self.acknowledged(at, place, Says::Announced(says));
        Ok(says.token)
    }

    /// A copy has failed, and is tried again in its place; `due` in milliseconds since the Unix
    /// epoch.
    pub(crate) async fn again(
        &self,
        copy: &FencedCopy,
        attempts: u32,
        due: i64,
    ) -> Result<(), BoxError> {
        self.progress(copy, attempts, due).await
    }

    /// A copy is finished.
    pub(crate) async fn done(&self, copy: &FencedCopy) -> Result<(), BoxError> {
        if self.copy(copy) == CopyState::Finished {
            return Ok(());
        }
        self.progress(copy, 0, 0).await
    }

    async fn progress(&self, copy: &FencedCopy, attempts: u32, due: i64) -> Result<(), BoxError> {
        let before = self.table.lock().reach(&copy.place);
        let finished = if attempts == 0 { copy.origin } else { -1 };
        let says = Says::Progress(Progress {
            token: copy.token,
            reach: before.max(finished),
            attempts,
            due,
        });
        let stored = {
            let _turn = self.writing.lock().await;
            self.queue(&copy.place, says).await?
        };
        let at = stored.await?;
        self.acknowledged(at, &copy.place, says);
        Ok(())
    }

    fn acknowledged(&self, at: i64, place: &FencePlace, says: Says) {
        self.change(Some(place), |table, now| {
            table.acknowledged(at, place, says, now);
        });
    }

    pub(super) async fn queue(&self, place: &FencePlace, says: Says) -> Result<Stored, BoxError> {
        let mut key = Vec::with_capacity(place.bytes().len() + 1);
        key.push(says.part().letter());
        key.extend_from_slice(place.bytes());
        let value = says.text().map(String::into_bytes);
        self.log.queue(key, value).await
    }
}

/// A key that something is being announced of.
struct Pending<'f>(&'f Fences, &'f FencePlace);

impl<'f> Pending<'f> {
    fn new(fences: &'f Fences, place: &'f FencePlace) -> Self {
        *fences.pending.lock().entry(place.clone()).or_default() += 1;
        Self(fences, place)
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let mut pending = self.0.pending.lock();
        if let Some(count) = pending.get_mut(self.1) {
            *count -= 1;
            if *count == 0 {
                pending.remove(self.1);
            }
        }
    }
}
