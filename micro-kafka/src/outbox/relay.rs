//! The relay: reads the table as its leader, sends, and deletes what the broker has.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge};
use tokio::sync::watch;
use tokio::time::Instant;

use super::sender::{AtWork, Blocked, Until};
use super::{Dialect, Outbox};
use crate::observe::{MetricTags, catalog};
use crate::sql::{Lease, Reading, Wake};
use crate::template::KafkaTemplate;

/// How soon the table is looked at again after a write of this process, whose commit may be late:
/// longer each time, for a second in all.
const AFTER_A_WRITE: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/// How often the backlog is counted.
const COUNTING: Duration = Duration::from_secs(5);
/// How long the rows of a turn are waited for: a lane that takes longer, such as one whose topic is
/// looked for, goes on beside the next turns.
const TURN: Duration = Duration::from_secs(1);
/// Waits for a database that does not answer.
const WAIT: Duration = Duration::from_millis(100);
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The relay of one shard.
pub(super) struct Relay<DB: Dialect> {
    outbox: Outbox<DB>,
    template: KafkaTemplate,
    lease: Lease,
    shard: i64,
    /// Of the lease as it is held, and until when sends may begin by it.
    token: Option<i64>,
    until: Arc<Until>,
    at_work: AtWork,
    blocked: Blocked,
    stop: watch::Receiver<bool>,
    written: watch::Receiver<()>,
    /// How often the table was looked at since the last write of this process.
    looks: usize,
    counted: Option<Instant>,
    meters: Meters,
}

struct Meters {
    sent: Counter,
    failed: Counter,
    backlog: Gauge,
    oldest: Gauge,
    blocked: Gauge,
}

/// What a turn came to.
enum Turn {
    /// There may be more.
    More,
    /// Nothing is left but what waits until then, or for news.
    Idle(Option<Instant>),
    /// Somebody else sends.
    NotLeading,
}

impl<DB: Dialect> Relay<DB> {
    pub(super) fn new(
        outbox: Outbox<DB>,
        template: KafkaTemplate,
        shard: u16,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let random = RandomState::new().build_hasher().finish();
        let shards = outbox.settings.shards;
        let (number, tags) = (shard.to_string(), MetricTags::default());
        Self {
            lease: Lease {
                name: format!("{shard}/{shards}"),
                holder: format!("{}-{random:016x}", std::process::id()),
                time: outbox.settings.lease,
            },
            shard: shard.into(),
            token: None,
            until: Arc::new(Until::after(Duration::ZERO)),
            at_work: AtWork::default(),
            blocked: Blocked::new(outbox.settings.max_back_off),
            meters: Meters {
                sent: catalog::OUTBOX_SENT.counter(&tags, &[&number]),
                failed: catalog::OUTBOX_FAILED.counter(&tags, &[&number]),
                backlog: catalog::OUTBOX_BACKLOG.gauge(&tags, &[]),
                oldest: catalog::OUTBOX_OLDEST.gauge(&tags, &[]),
                blocked: catalog::OUTBOX_BLOCKED.gauge(&tags, &[&number]),
            },
            written: outbox.written.subscribe(),
            looks: AFTER_A_WRITE.len(),
            outbox,
            template,
            stop,
            counted: None,
        }
    }

    /// Relays until it is told to stop; a turn that is begun is ended.
    pub(super) async fn run(mut self) {
        let mut wait = WAIT;
        let mut listening = None;
        while !*self.stop.borrow() {
            if listening.is_none() {
                listening = self.listen().await;
            }
            match self.turn().await {
                Ok(turn) => {
                    wait = WAIT;
                    self.until_worthwhile(turn, &mut listening).await;
                }
                Err(error) => {
                    tracing::error!(%error, ?wait, "the outbox's database does not answer");
                    self.pause(wait).await;
                    wait = (wait * 2).min(MAX_WAIT);
                }
            }
        }
        self.end_all().await;
        if let Err(error) = DB::release(&self.outbox.pool, &self.lease).await {
            tracing::warn!(%error, "the outbox's lease was not given back");
        }
    }

    async fn listen(&mut self) -> Option<Box<dyn Wake>> {
        match DB::listen(&self.outbox.pool).await {
            Ok(listening) => listening,
            Err(error) => {
                tracing::warn!(%error, "the outbox hears of new records by looking only");
                None
            }
        }
    }

    /// Renews the lease, reads, sends, deletes.
    async fn turn(&mut self) -> sqlx::Result<Turn> {
        let Some(token) = self.lead().await? else {
            return Ok(Turn::NotLeading);
        };
        // Before these lanes are read again.
        self.delete_sent(token).await?;
        self.count().await?;
        let mut blocked: Vec<i64> = self.at_work.lanes().iter().copied().collect();
        blocked.extend(self.blocked.now().0);
        // What is at work may be sent twice, too.
        let batch = usize::try_from(self.outbox.settings.batch).unwrap_or(usize::MAX);
        let limit = batch.saturating_sub(self.at_work.rows());
        let reading = Reading {
            shard: self.shard,
            shards: self.outbox.settings.shards.into(),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            blocked: &blocked,
        };
        let mut rows = match limit {
            0 => Vec::new(),
            _ => DB::read(&self.outbox.pool, reading).await?,
        };
        // A statement takes so many lanes only; one at work must not be begun twice.
        rows.retain(|row| !self.at_work.lanes().contains(&row.row.lane));
        let count = rows.len();
        if count > 0 {
            let before = self.at_work.lanes().clone();
            self.at_work.begin(&self.template, rows, &self.until);
            self.send(token, &before).await;
        }
        let failed = self.delete_sent(token).await?;
        if count == 0 || (count < limit && !failed && self.until.is_ahead()) {
            return Ok(Turn::Idle(self.blocked.now().1));
        }
        Ok(Turn::More)
    }

    /// The token of the lease, if it is held; what was begun by another one is ended before.
    async fn lead(&mut self) -> sqlx::Result<Option<i64>> {
        let asked = Until::after(self.lease.time);
        let token = DB::lease(&self.outbox.pool, &self.lease).await?;
        if token.is_some() && token == self.token {
            self.until.extend(&asked);
            return Ok(token);
        }
        self.until.end();
        while self.at_work.next().await.is_some() {}
        // Whoever leads now sends these again.
        self.at_work.take();
        self.token = token;
        self.until = Arc::new(asked);
        Ok(token)
    }

    /// Sends for a while, until all lanes have ended but those of turns before; renews the lease
    /// meanwhile.
    async fn send(&mut self, token: i64, before: &HashSet<i64>) {
        let over = Instant::now() + TURN;
        let mut renew = Instant::now() + self.lease.time / 3;
        let mut stop = self.stop.clone();
        while self
            .at_work
            .lanes()
            .iter()
            .any(|lane| !before.contains(lane))
        {
            tokio::select! {
                _ = self.at_work.next() => {}
                () = tokio::time::sleep_until(renew) => {
                    let asked = Until::after(self.lease.time);
                    let renewed = DB::lease(&self.outbox.pool, &self.lease).await;
                    if matches!(renewed, Ok(Some(same)) if same == token) {
                        self.until.extend(&asked);
                    }
                    renew = Instant::now() + self.lease.time / 3;
                }
                () = tokio::time::sleep_until(over) => break,
                () = told(&mut stop), if self.until.is_ahead() => self.until.end(),
            }
        }
    }

    /// Notes and deletes what has ended; whether any of it failed.
    async fn delete_sent(&mut self, token: i64) -> sqlx::Result<bool> {
        let sent = self.at_work.take();
        self.blocked.note(&sent.lanes, &sent.failed);
        self.meters.sent.increment(sent.ids.len() as u64);
        self.meters.failed.increment(sent.failed.len() as u64);
        self.meters.blocked.set(gauge(self.blocked.len() as u64));
        self.delete(token, &sent.ids).await?;
        Ok(!sent.failed.is_empty())
    }

    /// Begins nothing more, and deletes what the broker has.
    async fn end_all(&mut self) {
        self.until.end();
        while self.at_work.next().await.is_some() {}
        let Some(token) = self.token else {
            return;
        };
        if let Err(error) = self.delete_sent(token).await {
            tracing::warn!(%error, "records of the outbox were sent, not deleted");
        }
    }

    /// Deletes what the broker has; a database that is away meanwhile is asked again, so that no
    /// more is sent twice than need be.
    async fn delete(&mut self, token: i64, ids: &[i64]) -> sqlx::Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut wait = WAIT;
        loop {
            match DB::delete(&self.outbox.pool, &self.lease, token, ids).await {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    tracing::warn!(
                        records = ids.len(),
                        "the outbox's lease was lost meanwhile: its new holder sends these again"
                    );
                    return Ok(());
                }
                Err(error) => {
                    if *self.stop.borrow() {
                        return Err(error);
                    }
                    tracing::error!(%error, ?wait, "records of the outbox were sent, not deleted");
                    self.pause(wait).await;
                    wait = (wait * 2).min(MAX_WAIT);
                }
            }
        }
    }

    async fn count(&mut self) -> sqlx::Result<()> {
        let now = Instant::now();
        if self.counted.is_some_and(|last| now - last < COUNTING) {
            return Ok(());
        }
        self.counted = Some(now);
        let backlog = DB::backlog(&self.outbox.pool).await?;
        self.meters.backlog.set(gauge(backlog.records));
        self.meters.oldest.set(backlog.oldest.as_secs_f64());
        Ok(())
    }

    /// Waits for news, for a lane that is due, or for the time to look anyhow.
    async fn until_worthwhile(&mut self, turn: Turn, listening: &mut Option<Box<dyn Wake>>) {
        let due = match turn {
            Turn::More => {
                self.looks = 0;
                return;
            }
            Turn::NotLeading => return self.pause(self.lease.time / 3).await,
            Turn::Idle(due) => due,
        };
        let now = Instant::now();
        let poll = self.outbox.settings.poll.min(self.lease.time / 3);
        let soon = AFTER_A_WRITE.get(self.looks).copied();
        let poll = soon.map_or(poll, |millis| poll.min(Duration::from_millis(millis)));
        self.looks = self.looks.saturating_add(1);
        let due = due.map_or(now + poll, |due| due.min(now + poll));
        let hears = listening.is_some();
        let news = async {
            match listening {
                Some(wake) => wake.news().await,
                None => std::future::pending().await,
            }
        };
        let lost = tokio::select! {
            news = news => news.is_err(),
            () = tokio::time::sleep_until(due) => false,
            _ = self.written.changed(), if !hears => {
                self.looks = 0;
                false
            }
            _ = self.at_work.next(), if !self.at_work.is_empty() => false,
            () = told(&mut self.stop) => false,
        };
        if lost {
            *listening = None;
        }
    }

    /// Waits unless it is to stop.
    async fn pause(&mut self, wait: Duration) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told(&mut stop) => {}
        }
    }
}

/// Ends when it is to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    // An error is the end of whoever would tell.
    let _ = stop.wait_for(|stop| *stop).await;
}

#[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn gauge(count: u64) -> f64 {
    count as f64
}
