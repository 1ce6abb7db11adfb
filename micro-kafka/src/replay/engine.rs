//! How a replay goes through the letters.

use std::collections::HashMap;
use std::time::Duration;

use super::ReplayError;
use super::builder::Replay;
use super::pace::Pace;
use super::place::{Left, Place};
use super::report::{DryRun, ReplayReport};
use super::scan::{Chunk, Scan};
use super::sorting::{Fate, Sending};
use super::target::BY_KEY;
use crate::admin::KafkaAdmin;
use crate::client::{GroupMetadata, TransactionOffset};
use crate::record::Record;
use crate::template::{Staged, StagedCommitter, StagedTransaction, TransactionError};

/// What the group and the transactional ids of a replay begin with.
const PREFIX: &str = "mk-replay-";
/// The group of runs that commit nothing.
const NOBODY: &str = "mk-replay-dry-run";
/// How long one transaction may last.
const TRANSACTION: Duration = Duration::from_secs(60);
/// The most letters between two questions whether to go on.
const CHUNK: usize = 500;
/// How often a run begins anew behind what it has committed, before it gives up.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(300);

/// Letters that are looked at and stay where they are.
#[derive(Debug)]
pub(super) struct Letters(Option<Scan>);

impl Letters {
    /// All that are there now.
    pub(super) async fn open(replay: &Replay) -> Result<Self, ReplayError> {
        Self::behind(replay, replay.wire_name(NOBODY), false).await
    }

    async fn behind(replay: &Replay, group: String, goes_on: bool) -> Result<Self, ReplayError> {
        let partitions = partitions(replay).await?;
        let (left, _group) = left(replay, group, partitions, goes_on).await?;
        Ok(Self(Some(Scan::new(&replay.properties, left.spans))))
    }

    /// Some more; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Record>>, ReplayError> {
        let Some(scan) = self.0.take() else {
            return Ok(None);
        };
        let (scan, chunk) = read(scan, CHUNK).await?;
        self.0 = Some(scan);
        Ok(chunk.map(|chunk| chunk.records))
    }
}

/// Counts what a run would do; for an id, behind what it has done.
pub(super) async fn dry_run(replay: &Replay, id: Option<&str>) -> Result<DryRun, ReplayError> {
    let group = match id {
        Some(id) => replay.group_of(id)?,
        None => replay.wire_name(NOBODY),
    };
    let mut letters = Letters::behind(replay, group, id.is_some()).await?;
    let mut found = DryRun::default();
    while let Some(chunk) = letters.next().await? {
        for record in &chunk {
            match replay.sort(record, id) {
                Fate::Foreign => found.foreign += 1,
                Fate::FailedAgain => found.failed_again += 1,
                Fate::Passed => found.passed += 1,
                Fate::Skipped => found.skipped += 1,
                Fate::Send(sending) => {
                    found.add(&sending.letter, &sending.record.topic, replay.samples);
                }
            }
        }
    }
    Ok(found)
}

/// Sends what is there and was not sent for that id.
pub(super) async fn run(replay: &Replay, id: &str) -> Result<ReplayReport, ReplayError> {
    let group = replay.group_of(id)?;
    let mut report = ReplayReport::default();
    let mut pace = Pace::new(replay.rate, &replay.clock);
    let mut failures = 0;
    loop {
        let before = report.sent;
        let run = Run {
            replay,
            id,
            group: &group,
            admin: replay.template.admin().with_wire_names(),
            widths: HashMap::new(),
            report: &mut report,
        };
        let Err(error) = run.go_on(&mut pace).await else {
            tracing::info!(id, sent = report.sent, "replayed");
            return Ok(report);
        };
        failures = if report.sent > before {
            0
        } else {
            failures + 1
        };
        if !error.is_retriable() || failures >= ATTEMPTS {
            tracing::error!(id, sent = report.sent, %error, "a replay stops before its end");
            return Err(error);
        }
        // Whoever sends has to ask first how far it has come: another one may have been here.
        tracing::warn!(id, sent = report.sent, %error, "a replay begins anew behind what it has sent");
        tokio::time::sleep(PAUSE * failures).await;
    }
}

/// One way through the letters, from where the id has come to.
struct Run<'r> {
    replay: &'r Replay,
    id: &'r str,
    group: &'r str,
    admin: KafkaAdmin,
    /// How many partitions the topics have that records are sent to.
    widths: HashMap<String, i32>,
    report: &'r mut ReplayReport,
}

impl Run<'_> {
    async fn go_on(mut self, pace: &mut Pace) -> Result<(), ReplayError> {
        let partitions = partitions(self.replay).await?;
        // In this order: once the ids are taken over, no earlier run commits any more.
        let mut committer = self.connect().await?;
        let group = self.group.to_owned();
        let (left, metadata) = left(self.replay, group, partitions, true).await?;
        self.report.resumed |= left.resumed && self.report.sent == 0;
        let mut transaction = StagedTransaction {
            records: Vec::new(),
            offsets: Vec::new(),
            group: metadata,
        };
        let mut scan = Scan::new(&self.replay.properties, left.spans);
        let mut done = ReplayReport::default();
        loop {
            let read = read(scan, pace.batch()).await?;
            let Some(chunk) = read.1 else {
                return Ok(());
            };
            scan = read.0;
            transaction.records = self.stage(&chunk, &mut done).await?;
            if transaction.records.is_empty() && !chunk.done {
                continue;
            }
            if !transaction.records.is_empty() {
                pace.wait_for(transaction.records.len()).await;
            }
            let letter = format!("{}@{}", chunk.partition, first(&chunk));
            transaction.offsets = vec![TransactionOffset {
                partition: chunk.partition,
                offset: chunk.next,
                leader_epoch: -1,
            }];
            (committer, transaction) = self.commit(committer, transaction, letter).await?;
            self.report.merge(&mut done);
        }
    }

    /// Takes the transactional ids over from whoever had them.
    async fn connect(&self) -> Result<StagedCommitter, ReplayError> {
        let id = format!("{PREFIX}{}", self.id);
        let template = self.replay.template.clone();
        let Some(mut committer) = StagedCommitter::new(&template, &id, TRANSACTION) else {
            return Err(ReplayError::NoBroker);
        };
        let connected = blocking(move || committer.connect().map(|()| committer)).await?;
        connected.map_err(|source| self.refused("its first letter".into(), source))
    }

    /// Why it does not go on before that letter.
    fn refused(&self, letter: String, source: TransactionError) -> ReplayError {
        let id = self.id.to_owned();
        match source.is_fenced() {
            true => ReplayError::TakenOver { id },
            false => ReplayError::NotSent { id, letter, source },
        }
    }

    /// The records of a chunk that are to be sent.
    async fn stage(
        &mut self,
        chunk: &Chunk,
        done: &mut ReplayReport,
    ) -> Result<Vec<Staged>, ReplayError> {
        let mut staged = Vec::new();
        for record in &chunk.records {
            match self.replay.sort(record, Some(self.id)) {
                Fate::Foreign => done.foreign += 1,
                Fate::FailedAgain => done.failed_again += 1,
                Fate::Passed => done.passed += 1,
                Fate::Skipped => done.skipped += 1,
                Fate::Send(mut sending) => {
                    self.fit(&mut sending).await?;
                    self.replay.mark(&mut sending, self.id);
                    staged.push(Staged {
                        record: sending.record,
                        wish: true,
                    });
                    done.sent += 1;
                }
            }
        }
        Ok(staged)
    }

    /// A partition that is not there any more leaves its records to their keys.
    async fn fit(&mut self, sending: &mut Sending<'_>) -> Result<(), ReplayError> {
        let Sending { letter, record } = sending;
        let width = match self.widths.get(&record.topic) {
            Some(width) => *width,
            None => {
                let count = self.admin.partition_count(&record.topic).await?;
                let Some(count) = count else {
                    return Err(ReplayError::UnknownTopic {
                        topic: record.topic.clone(),
                        letter: Some(letter.place()),
                    });
                };
                let width = i32::try_from(count).unwrap_or(i32::MAX);
                self.widths.insert(record.topic.clone(), width);
                width
            }
        };
        if !(0..width).contains(&record.partition) {
            record.partition = BY_KEY;
        }
        Ok(())
    }

    async fn commit(
        &self,
        mut committer: StagedCommitter,
        transaction: StagedTransaction,
        letter: String,
    ) -> Result<(StagedCommitter, StagedTransaction), ReplayError> {
        // Once begun it goes on if the future is dropped.
        let committed = blocking(move || {
            let committed = committer.commit(&transaction);
            committed.map(|()| (committer, transaction))
        });
        let committed = committed.await?;
        committed.map_err(|source| self.refused(letter, source))
    }
}

impl Replay {
    /// The group that holds how far an id has come, as the broker knows it.
    fn group_of(&self, id: &str) -> Result<String, ReplayError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(1..=100).contains(&id.len()) || !id.bytes().all(fits) {
            return Err(ReplayError::Id { id: id.to_owned() });
        }
        Ok(self.wire_name(&format!("{PREFIX}{id}")))
    }
}

/// Where a chunk begins.
fn first(chunk: &Chunk) -> i64 {
    let first = chunk.records.first();
    first.map_or(chunk.next, Record::offset)
}

/// The partitions of all topics of dead letters.
async fn partitions(replay: &Replay) -> Result<Vec<(String, i32)>, ReplayError> {
    if replay.template.is_recording() {
        return Err(ReplayError::NoBroker);
    }
    let admin = replay.template.admin().with_wire_names();
    let mut partitions = Vec::new();
    for topic in &replay.topics {
        let Some(count) = admin.partition_count(topic).await? else {
            return Err(ReplayError::UnknownTopic {
                topic: topic.clone(),
                letter: None,
            });
        };
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        partitions.extend((0..count).map(|number| (topic.clone(), number)));
    }
    Ok(partitions)
}

/// What is to be read, and the group that tells how far it was.
async fn left(
    replay: &Replay,
    group: String,
    partitions: Vec<(String, i32)>,
    goes_on: bool,
) -> Result<(Left, GroupMetadata), ReplayError> {
    let settings = replay.properties.clone();
    let since = replay.selection.since;
    blocking(move || {
        let mut place = Place::new(&settings, &group, &partitions)?;
        let left = place.left(since, goes_on)?;
        let metadata = place.group().ok_or(ReplayError::Stopped)?;
        Ok((left, metadata))
    })
    .await?
}

/// Reads the next letters, in the background.
async fn read(mut scan: Scan, most: usize) -> Result<(Scan, Option<Chunk>), ReplayError> {
    blocking(move || scan.next(most).map(|chunk| (scan, chunk))).await?
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ReplayError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_cancelled| ReplayError::Stopped)
}
