//! The relay: reads the table as its leader, sends, and deletes what the broker has.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::pin::pin;
use std::time::Duration;

use metrics::{Counter, Gauge};
use tokio::sync::watch;
use tokio::time::Instant;

use super::sender::{Blocked, Sent, Until, send_all};
use super::{Dialect, Outbox};
use crate::sql::{Lease, OutboxRow, Reading, Wake};
use crate::template::KafkaTemplate;

/// How soon the table is looked at again after a write of this process, whose commit may be late:
/// longer each time, for a second in all.
const AFTER_A_WRITE: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/// How often the backlog is counted.
const COUNTING: Duration = Duration::from_secs(5);
/// Waits for a database that does not answer.
const WAIT: Duration = Duration::from_millis(100);
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The relay of one shard.
pub(super) struct Relay<DB: Dialect> {
    outbox: Outbox<DB>,
    template: KafkaTemplate,
    lease: Lease,
    shard: i64,
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
        let label = || shard.to_string();
        Self {
            lease: Lease {
                name: format!("{shard}/{shards}"),
                holder: format!("{}-{random:016x}", std::process::id()),
                time: outbox.settings.lease,
            },
            shard: shard.into(),
            blocked: Blocked::new(outbox.settings.max_back_off),
            meters: Meters {
                sent: metrics::counter!("micro_kafka_outbox_sent_total", "shard" => label()),
                failed: metrics::counter!("micro_kafka_outbox_failed_total", "shard" => label()),
                backlog: metrics::gauge!("micro_kafka_outbox_backlog"),
                oldest: metrics::gauge!("micro_kafka_outbox_oldest_seconds"),
                blocked: metrics::gauge!("micro_kafka_outbox_blocked_keys", "shard" => label()),
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
        if let Err(error) = DB::release(&self.outbox.pool, &self.lease).await {
            tracing::warn!(%error, "the outbox's lease was not given back");
        }
    }

    async fn listen(&self) -> Option<Box<dyn Wake>> {
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
        let until = Until::after(self.lease.time);
        let Some(token) = DB::lease(&self.outbox.pool, &self.lease).await? else {
            return Ok(Turn::NotLeading);
        };
        self.count().await?;
        let (blocked, next) = self.blocked.now();
        let limit = i64::from(self.outbox.settings.batch);
        let reading = Reading {
            shard: self.shard,
            shards: self.outbox.settings.shards.into(),
            limit,
            blocked: &blocked,
        };
        let rows = DB::read(&self.outbox.pool, reading).await?;
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if rows.is_empty() {
            return Ok(Turn::Idle(next));
        }
        let lanes: Vec<i64> = rows.iter().map(|row| row.row.lane).collect();
        let sent = self.send(rows, token, &until).await;
        self.blocked.note(&lanes, &sent.failed);
        self.meters.sent.increment(sent.ids.len() as u64);
        self.meters.failed.increment(sent.failed.len() as u64);
        self.meters.blocked.set(gauge(self.blocked.len() as u64));
        self.delete(token, &sent.ids).await?;
        if count < limit && sent.failed.is_empty() && until.is_ahead() {
            return Ok(Turn::Idle(self.blocked.now().1));
        }
        Ok(Turn::More)
    }

    /// Sends, and renews the lease meanwhile.
    async fn send(&self, rows: Vec<OutboxRow>, token: i64, until: &Until) -> Sent {
        let mut sending = pin!(send_all(&self.template, rows, until));
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                sent = &mut sending => return sent,
                () = tokio::time::sleep(self.lease.time / 3) => {
                    let asked = Until::after(self.lease.time);
                    let renewed = DB::lease(&self.outbox.pool, &self.lease).await;
                    if matches!(renewed, Ok(Some(same)) if same == token) {
                        until.extend(&asked);
                    }
                }
                () = told(&mut stop), if until.is_ahead() => until.end(),
            }
        }
    }

    /// Deletes what the broker has; a database that is away meanwhile is asked again, so that no
    /// more is sent twice than need be.
    async fn delete(&self, token: i64, ids: &[i64]) -> sqlx::Result<()> {
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
            () = told(&mut self.stop) => false,
        };
        if lost {
            *listening = None;
        }
    }

    /// Waits unless it is to stop.
    async fn pause(&self, wait: Duration) {
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
