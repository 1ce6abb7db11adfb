//! Delayed sends: very many that wait, and schedulers that are killed while they forward.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use micro_kafka::KafkaApp;
use micro_kafka::app::{Listener, RunningApp};
use micro_kafka::config::Config;
use micro_kafka::delayed::{DelayedId, DelayedTopic};
use micro_kafka::template::{KafkaTemplate, TemplateConfig};
use micro_kafka_proof::moment::Moment;
use tokio::time::{Instant, sleep};
use xtask::process::Process;

use super::folder::Folder;
use super::kafka::{Kafka, LISTENERS};
use super::member::{Member, Start};
use super::schedule::Deed;
use super::trial::from_environment;

/// Where they wait, and where they go.
const WAITING: &str = "waiting";
const ARRIVED: &str = "arrived";
/// How long nothing may arrive though something is due: a killed process is missed for six seconds.
const PATIENCE: Duration = Duration::from_secs(90);
/// The index of 100,000 records, the bytes of those that are due next, what the clients hold, and
/// something for their administration.
const LIMIT_KIB: u64 = 64 * 1024;
/// How long before its time a record is cancelled for certain.
const IN_TIME: Duration = Duration::from_secs(1);
/// Half of the records due next may be in memory.
const MEMORY: &str = "8MiB";

/// Records that arrived: by number, how often, and how late in milliseconds the first one was.
type Arrivals = Arc<Mutex<HashMap<u64, (u32, i64)>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delayed_sends_wait_in_bounded_memory_and_arrive_in_time() {
    let crowd = Crowd::from_environment(9_000, 8_192, 4_000);
    let (kafka, folder) = (Kafka::start(&[ARRIVED], 6).await, Folder::new());
    let member = Member::start(start("scheduler", &kafka, &folder));
    let trial = Trial::begin(&kafka).await;
    let process = Process::new(member.id(), "proof-service");
    let before = process.usage().unwrap().resident_kib;

    let ids = trial.send(&crowd).await;
    let mut most = 0;
    trial
        .all_arrive(&ids, || {
            most = most.max(process.usage().map_or(0, |usage| usage.resident_kib));
        })
        .await;
    let grown = most.saturating_sub(before);
    let late = trial.lateness();
    let waited = crowd.records * crowd.bytes / 1024;
    eprintln!(
        "delayed: {} records of {} bytes, {waited} KiB waited in {grown} KiB more than {before}; \
         late by {late}",
        crowd.records, crowd.bytes
    );
    assert!(grown < LIMIT_KIB, "{grown} KiB for {waited} KiB");
    assert!(waited > LIMIT_KIB, "{waited} KiB prove nothing");
    assert_eq!(trial.copies(), 0, "nobody was killed");
    // A busy machine may take its time; by itself it does not.
    let latest = from_environment("LATEST").unwrap_or(30_000);
    assert!(late.most <= i64::try_from(latest).unwrap(), "{late}");
    trial.app.stop().await;
    member.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_delayed_send_is_lost_when_schedulers_are_killed() {
    let crowd = Crowd::from_environment(4_000, 64, 6_000);
    let kills = from_environment("KILLS").unwrap_or(2);
    let (kafka, folder) = (Kafka::start(&[ARRIVED], 6).await, Folder::new());
    let names = ["first", "second"];
    let mut members = names.map(|name| Member::start(start(name, &kafka, &folder)));
    let trial = Trial::begin(&kafka).await;
    let mut ids = trial.send(&crowd).await;
    // Every tenth is taken back.
    let cancelled: Vec<_> = ids.extract_if(|number, _| number % 10 == 9).collect();
    let taken_back = trial.cancel(cancelled).await;
    assert!(!taken_back.is_empty());

    // In turn, so that there is always one that takes over.
    let begun = Moment::now();
    let away = Duration::from_millis(200);
    let pause = Duration::from_millis(crowd.spread / kills.max(1));
    let lead = crowd.until_first();
    for kill in 0..kills {
        let wait = if kill == 0 { lead + pause / 2 } else { pause };
        let member = &mut members[usize::try_from(kill % 2).unwrap()];
        member.suffer(&[(wait, Deed::Kill { away })]).await;
    }
    trial.all_arrive(&ids, || {}).await;
    // What was on its way twice, or was cancelled in vain, has time to come.
    let wait = lead + Duration::from_millis(crowd.spread) + Duration::from_secs(2);
    sleep(wait.saturating_sub(Moment::now() - begun)).await;
    let late = trial.lateness();
    let copies = trial.copies();
    eprintln!(
        "delayed: {} records, {} of them cancelled in time, {kills} kills: {} arrived, {copies} of \
         them more than once; late by {late}",
        crowd.records,
        taken_back.len(),
        trial.arrivals.lock().unwrap().len(),
    );
    let arrived = trial.arrivals.lock().unwrap().clone();
    assert!(ids.keys().all(|number| arrived.contains_key(number)));
    let in_vain = arrived.keys().filter(|number| taken_back.contains(number));
    assert_eq!(in_vain.count(), 0, "cancelled records arrived");
    // What is on its way when a process dies has no tombstone yet.
    let on_their_way = 10_000 * usize::try_from(kills).unwrap();
    assert!(copies <= on_their_way, "{copies} copies");
    trial.app.stop().await;
    for member in members {
        member.end().await;
    }
}

/// How many records, how large, and over how many milliseconds their times are spread.
struct Crowd {
    records: u64,
    bytes: u64,
    spread: u64,
}

impl Crowd {
    fn from_environment(records: u64, bytes: u64, spread: u64) -> Self {
        Self {
            records: from_environment("DELAYED").unwrap_or(records),
            bytes: from_environment("DELAYED_BYTES").unwrap_or(bytes),
            spread: from_environment("DELAYED_MILLIS").unwrap_or(spread),
        }
    }

    /// All have to wait before the first of them is due.
    fn until_first(&self) -> Duration {
        Duration::from_millis(4_000 + self.records / 4)
    }
}

/// A record on its way.
struct Waiting {
    id: DelayedId,
    due: SystemTime,
}

/// How late records were, in milliseconds.
struct Lateness {
    median: i64,
    most: i64,
}

impl std::fmt::Display for Lateness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ms, at most {} ms", self.median, self.most)
    }
}

/// Who sends and who notes what arrives.
struct Trial {
    template: KafkaTemplate,
    arrivals: Arrivals,
    app: RunningApp,
}

impl Trial {
    /// Once a scheduler has made its topic.
    async fn begin(kafka: &Kafka) -> Self {
        let config = Config::builder()
            .set("kafka.bootstrap-servers", &kafka.bootstrap)
            .set("kafka.namespace", &kafka.namespace)
            .build()
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = kafka.template.admin().end_offsets(WAITING).await {
            assert!(Instant::now() < deadline, "{error}");
            sleep(Duration::from_millis(50)).await;
        }
        let mut template = TemplateConfig::from(&config);
        template.delayed = Some(DelayedTopic::new(WAITING));
        let arrivals = Arrivals::default();
        let noted = Arc::clone(&arrivals);
        let listener = Listener::new("arrivals", move |record| {
            let text = std::str::from_utf8(record.payload().unwrap()).unwrap();
            let (number, due) = text.trim_end_matches('.').split_once(' ').unwrap();
            let late = now() - due.parse::<i64>().unwrap();
            let mut noted = noted.lock().unwrap();
            let entry = noted.entry(number.parse().unwrap()).or_insert((0, late));
            entry.0 += 1;
            Box::pin(async { Ok(()) })
        });
        let app = KafkaApp::builder().config(config);
        let app = app.register(listener.topics([ARRIVED]).group_id("arrivals"));
        Self {
            template: KafkaTemplate::new(template).unwrap(),
            arrivals,
            app: app.build().unwrap().start().await.unwrap(),
        }
    }

    /// Sends them all, to be forwarded one after the other; by number.
    async fn send(&self, crowd: &Crowd) -> HashMap<u64, Waiting> {
        const AT_ONCE: usize = 1_000;
        let first = SystemTime::now() + crowd.until_first();
        let mut ids = HashMap::new();
        let mut sending = tokio::task::JoinSet::new();
        for number in 0..crowd.records {
            let after = Duration::from_millis(crowd.spread * number / crowd.records);
            let due = first + after;
            let width = usize::try_from(crowd.bytes).unwrap();
            let payload = format!("{number} {}", millis(due));
            let send = self
                .template
                .send(ARRIVED, format!("{payload:.<width$}"))
                .key(format!("k{}", number % 97))
                .at(due);
            sending.spawn(async move {
                let id = send.await.unwrap();
                (number, Waiting { id, due })
            });
            if sending.len() == AT_ONCE {
                ids.extend([sending.join_next().await.unwrap().unwrap()]);
            }
        }
        ids.extend(sending.join_all().await);
        assert!(SystemTime::now() < first, "they were not all sent in time");
        ids
    }

    /// Cancels them; the numbers of those where that was done well before their time.
    async fn cancel(&self, sent: Vec<(u64, Waiting)>) -> HashSet<u64> {
        let mut cancelling = tokio::task::JoinSet::new();
        for (number, Waiting { id, due }) in sent {
            let template = self.template.clone();
            cancelling.spawn(async move {
                template.cancel_delayed(&id).await.unwrap();
                let in_time = SystemTime::now() + IN_TIME < due;
                in_time.then_some(number)
            });
        }
        cancelling.join_all().await.into_iter().flatten().collect()
    }

    /// Waits until all of these have arrived.
    async fn all_arrive(&self, sent: &HashMap<u64, Waiting>, mut look: impl FnMut()) {
        let (mut before, mut deadline) = (0, Instant::now() + PATIENCE);
        loop {
            look();
            let arrived = {
                let arrivals = self.arrivals.lock().unwrap();
                let arrived = |number: &&u64| arrivals.contains_key(number);
                sent.keys().filter(arrived).count()
            };
            let count = sent.len();
            if arrived == count {
                return;
            }
            if arrived > before {
                (before, deadline) = (arrived, Instant::now() + PATIENCE);
            }
            assert!(Instant::now() < deadline, "{arrived} of {count} arrived");
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn lateness(&self) -> Lateness {
        let arrivals = self.arrivals.lock().unwrap();
        let mut late: Vec<_> = arrivals.values().map(|(_, late)| *late).collect();
        late.sort_unstable();
        assert!(*late.first().unwrap() >= 0, "one came before its time");
        Lateness {
            median: late[late.len() / 2],
            most: *late.last().unwrap(),
        }
    }

    /// How many arrived more than once.
    fn copies(&self) -> usize {
        let arrivals = self.arrivals.lock().unwrap();
        arrivals.values().filter(|(count, _)| *count > 1).count()
    }
}

fn now() -> i64 {
    millis(SystemTime::now())
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// The service as nothing but a scheduler.
fn start(name: &str, kafka: &Kafka, folder: &Folder) -> Start {
    let quiet = LISTENERS.iter().map(|listener| {
        let key = format!(
            "KAFKA__LISTENERS__{}__AUTO_STARTUP",
            listener.to_uppercase()
        );
        (key, "false".to_owned())
    });
    let own = [
        ("KAFKA__NAMESPACE".to_owned(), kafka.namespace.clone()),
        ("KAFKA__DELAYED__TOPIC".to_owned(), WAITING.to_owned()),
        ("KAFKA__DELAYED__MEMORY".to_owned(), MEMORY.to_owned()),
    ];
    Start {
        name: name.to_owned(),
        folder: folder.path().to_owned(),
        bootstrap: kafka.bootstrap.clone(),
        arguments: Vec::new(),
        variables: quiet.chain(own).collect(),
    }
}
