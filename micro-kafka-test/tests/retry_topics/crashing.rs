//! Applications that die in the middle of their work, one after the other: dropped without a stop, or
//! with the runtime under them.

use std::collections::{BTreeMap, BTreeSet};

use micro_kafka::clock::Clock;
use tokio::runtime::{Builder, Runtime};

use super::*;

const LIVES: u32 = 6;
/// Jobs that come in each life.
const JOBS: u32 = 24;
/// Calls after which it ends.
const CALLS: usize = 16;

/// What becomes of a job, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    Second,
    Third,
    Never,
    Hopeless,
    Panics,
    Garbled,
}

const FATES: [Fate; 7] = [
    Fate::Done,
    Fate::Second,
    Fate::Never,
    Fate::Third,
    Fate::Hopeless,
    Fate::Panics,
    Fate::Garbled,
];

impl Fate {
    fn of(number: u32) -> Self {
        FATES[usize::try_from(number).unwrap() % FATES.len()]
    }

    /// How often its handler is called; none is of what cannot be read.
    fn attempts(self) -> u32 {
        match self {
            Self::Garbled => 0,
            Self::Done | Self::Hopeless => 1,
            Self::Second => 2,
            Self::Third | Self::Never | Self::Panics => 3,
        }
    }

    fn is_lost(self) -> bool {
        !matches!(self, Self::Done | Self::Second | Self::Third)
    }
}

#[derive(Debug, Clone, Copy)]
struct Call {
    number: u32,
    attempt: u32,
    early: bool,
}

#[derive(Debug, Clone, Default)]
struct Calls {
    begun: Journal<Call>,
    done: Journal<u32>,
}

#[derive(Debug, thiserror::Error, Classify)]
enum JobError {
    #[error("not yet")]
    #[kafka(retry)]
    NotYet,
    #[error("hopeless")]
    #[kafka(dead_letter)]
    Hopeless,
}

#[kafka_listener(topics = "errands", group_id = "crashing", concurrency = 2)]
#[retryable(attempts = 3, backoff = "30ms..1s x2")]
async fn crashing(
    Json(number): Json<u32>,
    attempt: Attempt,
    #[header("retry_topic-backoff-timestamp")] due: Option<&[u8]>,
    State(calls): State<Calls>,
    State(clock): State<Clock>,
) -> Result<(), JobError> {
    let due = due.unwrap_or_default().iter();
    let due = due.fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
    let attempt = attempt.non_blocking();
    calls.begun.note(Call {
        number,
        attempt,
        early: Duration::from_millis(due) > clock.since_epoch(),
    });
    if number % 3 == 0 {
        // Somebody is at work whenever it dies.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    match Fate::of(number) {
        Fate::Hopeless => Err(JobError::Hopeless),
        Fate::Panics => panic!("as planned"),
        fate if fate.is_lost() || attempt < fate.attempts() => Err(JobError::NotYet),
        _ => {
            calls.done.note(number);
            Ok(())
        }
    }
}

async fn start(kafka: EmbeddedKafka, calls: Calls) -> TestApp {
    let app = kafka.app().listener(crashing).state(calls);
    app.state(kafka.clock().clone()).start().await
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

#[kafka_test(topics = ["errands"], partitions = 3)]
async fn a_death_in_the_middle_loses_no_record_and_no_attempt(kafka: EmbeddedKafka) {
    let calls = Calls::default();
    let mut count = 0;
    for life in 0..LIVES {
        for number in life * JOBS..(life + 1) * JOBS {
            let payload = match Fate::of(number) {
                Fate::Garbled => format!("errand {number}"),
                _ => number.to_string(),
            };
            let send = kafka.send("errands", payload).key(number.to_string());
            send.partition(i32::try_from(number % 3).unwrap()).await;
        }
        let own = runtime();
        let app = own
            .spawn(start(kafka.clone(), calls.clone()))
            .await
            .unwrap();
        count = calls.begun.reaches(count + CALLS).await.len();
        if life % 2 == 0 {
            drop(app);
            own.shutdown_background();
        } else {
            own.shutdown_background();
            drop(app);
        }
    }
    let app = start(kafka.clone(), calls.clone()).await;
    app.listener("crashing").settled().await;
    app.stop().await;
    assert_all_ended(&kafka, &calls);
    assert_all_committed(&kafka).await;
}

#[track_caller]
fn assert_all_ended(kafka: &EmbeddedKafka, calls: &Calls) {
    let mut attempts = BTreeMap::<u32, BTreeSet<u32>>::new();
    for call in calls.begun.entries() {
        assert!(!call.early, "{call:?}");
        attempts
            .entry(call.number)
            .or_default()
            .insert(call.attempt);
    }
    let done: BTreeSet<_> = calls.done.entries().into_iter().collect();
    let letters = kafka.dlt("errands").all();
    let key = |letter: &micro_kafka_test::DeadLetter| {
        let key = String::from_utf8_lossy(letter.record().key().unwrap_or_default()).into_owned();
        key.parse::<u32>().unwrap()
    };
    let lost: BTreeSet<_> = letters.iter().map(key).collect();
    for number in 0..LIVES * JOBS {
        let fate = Fate::of(number);
        let expected: BTreeSet<_> = (1..=fate.attempts()).collect();
        let seen = attempts.remove(&number).unwrap_or_default();
        assert_eq!(seen, expected, "the attempts of {number}, {fate:?}");
        let ended = (done.contains(&number), lost.contains(&number));
        assert_eq!(
            ended,
            (!fate.is_lost(), fate.is_lost()),
            "{number}, {fate:?}"
        );
    }
    assert!(attempts.is_empty(), "nobody sent {attempts:?}");
}

async fn assert_all_committed(kafka: &EmbeddedKafka) {
    let topics = [
        ("crashing", "errands"),
        ("crashing-retry", "errands-retry-30"),
        ("crashing-retry", "errands-retry-60"),
    ];
    for (group, topic) in topics {
        let ends = kafka.admin().end_offsets(topic).await.unwrap();
        let ends: i64 = ends.values().sum();
        let committed = kafka.committed(group, topic).await;
        assert_eq!(
            committed.values().sum::<i64>(),
            ends,
            "{topic}: {committed:?}"
        );
    }
}
