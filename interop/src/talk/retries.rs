//! Retry topics that both sides share: `Retries.java`.
//!
//! Both are instances of one group. The partitions of a topic are shared out in the order of the
//! clients' names, and those are chosen so that whoever has a partition of the source has not the
//! same of its retry topics: each side is given what the other one has failed with.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use micro_kafka::app::RunningApp;
use micro_kafka::prelude::*;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::differs::{Error, same};
use crate::peer::{PATIENCE, Peer, next};

/// As many as the topics have; the first half of the source's is the Spring service's.
const PARTITIONS: usize = 8;
const ATTEMPTS: u32 = 4;
/// Failures of a job that is handled at last.
const SOME: u32 = 2;
/// More than it has attempts.
const MANY: u32 = 99;

#[derive(Debug, Serialize, Deserialize)]
struct Job {
    id: String,
    failures: u32,
}

/// One delivery, wherever it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Taken {
    id: String,
    attempt: u32,
    early: bool,
}

/// A letter, as either side reads it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Lost {
    id: String,
    attempts: u32,
    partition: i32,
    offset: i64,
    message: String,
}

#[derive(Debug, thiserror::Error, Classify)]
enum JobError {
    #[error("not yet {0}")]
    #[kafka(retry)]
    NotYet(String),
}

#[kafka_listener(
    topics = "mixed",
    group_id = "mixed",
    client_id_prefix = "m-5",
    properties = ["partition.assignment.strategy=range"]
)]
#[retryable(attempts = 4, backoff = "200ms..1m x2", compat = "spring")]
async fn take(
    Json(job): Json<Job>,
    attempt: Attempt,
    #[header("retry_topic-backoff-timestamp")] due: Option<&[u8]>,
    State(seen): State<UnboundedSender<Taken>>,
) -> Result<(), JobError> {
    let attempt = attempt.non_blocking();
    let early = due.is_some_and(|due| millis(due) > now());
    let id = job.id.clone();
    // Nobody listens any more once the talk is over.
    let _ = seen.send(Taken { id, attempt, early });
    match attempt <= job.failures {
        true => Err(JobError::NotYet(job.id)),
        false => Ok(()),
    }
}

#[kafka_listener(topics = "mixed-dlt", group_id = "mixed-letters")]
async fn lost(Json(job): Json<Job>, why: Failure, State(seen): State<UnboundedSender<Lost>>) {
    let _ = seen.send(Lost {
        id: job.id,
        attempts: why.attempts.unwrap_or(0),
        partition: why.partition,
        offset: why.offset,
        message: why.message.unwrap_or_default(),
    });
}

/// A number of Java's `BigInteger`.
fn millis(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .fold(0, |all, byte| (all << 8) | u128::from(*byte))
}

fn now() -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis())
}

pub(super) async fn hold(peer: &Peer) -> Result<(), Error> {
    let (jobs, mut taken) = mpsc::unbounded_channel::<Taken>();
    let (letters, mut lost_here) = mpsc::unbounded_channel::<Lost>();
    let app = peer.app().listener(take).listener(lost);
    let app = app.state(jobs).state(letters).build()?.start().await?;
    let held = share(peer, &app, &mut taken, &mut lost_here).await;
    app.stop().await;
    held
}

async fn share(
    peer: &Peer,
    app: &RunningApp,
    taken: &mut UnboundedReceiver<Taken>,
    lost_here: &mut UnboundedReceiver<Lost>,
) -> Result<(), Error> {
    is_shared_out(app).await?;
    let sent = send(peer).await?;
    // Of each partition two jobs, whose later attempts are on the other side.
    let (firsts, laters) = (2, usize::try_from(SOME + ATTEMPTS - 1)?);
    let each = PARTITIONS / 2 * (firsts + laters);
    let count = each.to_string();
    let theirs = peer.command::<Vec<Taken>>("seen-jobs", &count);
    let theirs = theirs.await?.unwrap_or_default();
    let mut ours = Vec::new();
    for _ in 0..each {
        ours.push(next(taken).await?);
    }
    same("whether none came early", &early(&theirs, &ours), &0)?;
    same("Spring's attempts", &attempts(&theirs), &expected(true))?;
    same("our attempts", &attempts(&ours), &expected(false))?;
    let expected: BTreeSet<Lost> = sent.into_iter().collect();
    let mut read = BTreeSet::new();
    for _ in 0..PARTITIONS {
        read.insert(next(lost_here).await?);
    }
    same("the letters we read", &plain(read), &expected)?;
    let count = PARTITIONS.to_string();
    let read = peer.command::<Vec<Lost>>("seen-lost", &count);
    let read: BTreeSet<Lost> = read.await?.unwrap_or_default().into_iter().collect();
    same("the letters Spring read", &plain(read), &expected)?;
    let more = peer.command::<usize>("more-jobs", "").await?;
    same("what Spring was given beyond that", &more, &Some(0))?;
    let more = (taken.try_recv().is_ok(), lost_here.try_recv().is_ok());
    same("whether we were", &more, &(false, false))
}

/// Waits until the Spring service has half of each topic.
async fn is_shared_out(app: &RunningApp) -> Result<(), Error> {
    let mut of_jobs = app.containers().iter();
    let of_jobs = of_jobs.find(|it| &*it.endpoint().id == "take");
    let readers = app.containers().iter();
    let readers = readers.filter(|it| it.endpoint().retry_of().is_some());
    for container in of_jobs.into_iter().chain(readers) {
        let mut assignment = container.assignment();
        let half = assignment.wait_for(|all| all.len() == PARTITIONS / 2);
        let half = tokio::time::timeout(PATIENCE, half).await;
        let topics = &container.endpoint().topics;
        half.map_err(|_| format!("{topics:?} were not shared out within {PATIENCE:?}"))??;
    }
    Ok(())
}

/// Sends two jobs to each partition: one that is handled at last, and one that is not, whose letter
/// is told.
async fn send(peer: &Peer) -> Result<Vec<Lost>, Error> {
    let mut letters = Vec::new();
    for partition in 0..i32::try_from(PARTITIONS)? {
        for (name, failures) in [("some", SOME), ("many", MANY)] {
            let id = format!("{name}-{partition}");
            let job = Json(Job {
                id: id.clone(),
                failures,
            });
            let sent = peer.kafka.send("mixed", job).partition(partition).await?;
            if failures == MANY {
                letters.push(Lost {
                    message: format!("not yet {id}"),
                    id,
                    attempts: ATTEMPTS,
                    partition,
                    offset: sent.offset,
                });
            }
        }
    }
    Ok(letters)
}

/// How many came before their time.
fn early(theirs: &[Taken], ours: &[Taken]) -> usize {
    let all = theirs.iter().chain(ours);
    all.filter(|taken| taken.early).count()
}

/// The attempts of each job, in their order.
fn attempts(taken: &[Taken]) -> BTreeMap<String, Vec<u32>> {
    let mut attempts = BTreeMap::<String, Vec<u32>>::new();
    for taken in taken {
        let of_job = attempts.entry(taken.id.clone()).or_default();
        of_job.push(taken.attempt);
    }
    attempts
}

/// The first attempts of the lower half are the Spring service's, and the later ones of the others.
fn expected(theirs: bool) -> BTreeMap<String, Vec<u32>> {
    let jobs = (0..PARTITIONS).flat_map(|partition| {
        let first = (partition < PARTITIONS / 2) == theirs;
        [("some", SOME + 1), ("many", ATTEMPTS)].map(|(name, last)| {
            let attempts = if first { 1..=1 } else { 2..=last };
            (format!("{name}-{partition}"), attempts.collect())
        })
    });
    jobs.collect()
}

/// Spring's message begins with what it says of each failure.
fn plain(letters: BTreeSet<Lost>) -> BTreeSet<Lost> {
    let plain = |letter: Lost| Lost {
        message: match letter.message.find("not yet") {
            Some(at) => letter.message[at..].to_owned(),
            None => letter.message,
        },
        ..letter
    };
    letters.into_iter().map(plain).collect()
}
