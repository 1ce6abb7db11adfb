//! One run from the first order to the figures.

use std::path::{Path, PathBuf};
use std::time::Duration;

use micro_kafka::idempotent::SqlStore;
use micro_kafka::outbox::Outbox;
use micro_kafka_proof::database::ProofDatabase;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::Pool;
use tokio::time::{Instant, sleep};

use super::broker::{Kafka, PARTITIONS};
use super::figures::Figures;
use super::process::Service;
use super::{check, database, reading};

/// How long nothing may go on.
const PATIENCE: Duration = Duration::from_secs(120);
const GROUPS: [&str; 4] = ["sql", "redis", "topic", "booked"];

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) rows: usize,
    pub(crate) kills: usize,
    pub(crate) seed: u64,
    /// The mistake that the services make.
    pub(crate) bug: Option<&'static str>,
}

pub(crate) struct Trial {
    database: &'static str,
    address: String,
    redis: String,
    size: Size,
    random: StdRng,
    folder: PathBuf,
    kafka: Kafka,
}

impl Trial {
    pub(crate) async fn of(database: &'static str, address: String, size: Size) -> Self {
        let bug = size.bug.unwrap_or("right");
        let folder = format!("micro-kafka-proof-{}-{database}-{bug}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        eprintln!("{database}: {size:?} {}", folder.display());
        Self {
            database,
            address,
            redis: database::redis(),
            size,
            random: StdRng::seed_from_u64(size.seed),
            kafka: Kafka::start(&folder).await,
            folder,
        }
    }

    /// Where logs and effects are until it has ended well.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The figures; panics where something is wrong.
    pub(crate) async fn run<DB: ProofDatabase>(mut self) -> Figures {
        let started = Instant::now();
        let pool = DB::connect(&self.address).await.unwrap();
        DB::create(&pool).await.unwrap();
        Outbox::migrate(&pool).await.unwrap();
        SqlStore::migrate(&pool).await.unwrap();
        let mut services = self.services();
        let Size { rows, kills, .. } = self.size;
        for kill in 0..kills {
            self.until_sent(&pool, &mut services, rows * kill / kills)
                .await;
            self.kill_one(&mut services, kill).await;
        }
        self.until_sent(&pool, &mut services, rows).await;
        for group in GROUPS {
            self.until_handled(group, &mut services).await;
        }
        let mut figures = Figures::of(self.database, rows, &services);
        figures.brokers = self.kafka.process.as_ref().map_or(0, |own| own.kills);
        figures.takeovers = usize::try_from(DB::takeovers(&pool).await.unwrap()).unwrap();
        figures.took = started.elapsed();
        let files = services.iter().filter(|own| own.name.starts_with("handle"));
        let files: Vec<_> = files.map(Service::effects).collect();
        services.into_iter().for_each(Service::stop);
        self.check::<DB>(&pool, &files, &mut figures).await;
        self.kafka.delete_topics().await;
        let _ = std::fs::remove_dir_all(&self.folder);
        figures
    }

    fn services(&self) -> Vec<Service> {
        let names = ["write", "relay-a", "relay-b", "handle-a", "handle-b"];
        let rows = self.size.rows.to_string();
        // The writer is there to be killed until most has been sent.
        let ahead = (self.size.rows / 4).min(2_000).to_string();
        let start = |name: &'static str| {
            let mut arguments = vec![
                name.split('-').next().unwrap(),
                "--bootstrap-servers",
                &self.kafka.bootstrap,
                "--namespace",
                &self.kafka.namespace,
                "--database",
                &self.address,
                "--redis",
                &self.redis,
                "--rows",
                &rows,
                "--ahead",
                &ahead,
            ];
            arguments.extend(self.size.bug.iter().flat_map(|bug| ["--bug", bug]));
            let arguments = arguments.into_iter().map(str::to_owned).collect();
            let program = PathBuf::from(env!("CARGO_BIN_EXE_proof-outbox"));
            Service::start(name, program, arguments, true, self.folder.clone())
        };
        names.map(start).into()
    }

    /// Each is killed once, in turn, then any of them.
    async fn kill_one(&mut self, services: &mut [Service], kill: usize) {
        let count = services.len() + usize::from(self.kafka.process.is_some());
        let victim = match kill {
            // The writer first, before it has written all.
            0 => 0,
            // Then the broker, which all others need.
            _ if kill < count => count - kill,
            _ => self.random.random_range(0..count),
        };
        let away = Duration::from_millis(self.random.random_range(0..1_000));
        let victim = match services.get_mut(victim) {
            Some(service) => service,
            None => self.kafka.process.as_mut().unwrap(),
        };
        // A writer that has written all has nothing to lose.
        if victim.name == "write" && victim.ended().is_some() {
            return;
        }
        eprintln!("{} is killed, and away for {away:?}", victim.name);
        victim.kill();
        // The time away is the point: there is nothing to wait for.
        sleep(away).await;
        victim.start_again();
    }

    /// None ends by itself but a writer that has written all; one with a mistake is started again.
    fn supervise(&self, services: &mut [Service]) {
        for service in services {
            let Some(exit) = service.ended().filter(|exit| !exit.success()) else {
                continue;
            };
            let name = service.name;
            assert!(self.size.bug.is_some(), "{name} ended by itself: {exit}");
            service.kill();
            service.start_again();
        }
    }

    /// Waits until so many rows have gone through the outbox; the database tells nobody.
    async fn until_sent<DB: ProofDatabase>(
        &self,
        pool: &Pool<DB>,
        services: &mut [Service],
        wanted: usize,
    ) {
        let outbox = Outbox::new(pool);
        let (mut last, mut deadline) = (None, Instant::now() + PATIENCE);
        loop {
            self.supervise(services);
            // First what waits: what is written meanwhile is not taken for sent.
            let waiting = outbox.backlog().await.unwrap().records;
            let orders = usize::try_from(DB::orders(pool).await.unwrap()).unwrap();
            let sent = orders.saturating_sub(usize::try_from(waiting).unwrap());
            if sent >= wanted {
                return;
            }
            let now = Some((orders, waiting));
            if now != last {
                (last, deadline) = (now, Instant::now() + PATIENCE);
            }
            let late = Instant::now() >= deadline;
            assert!(!late, "{sent} of {wanted} were sent, then nothing");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a group has committed everything; nothing announces that to a stranger.
    async fn until_handled(&self, group: &str, services: &mut [Service]) {
        let (mut last, mut deadline) = (None, Instant::now() + PATIENCE);
        loop {
            self.supervise(services);
            let lag = self.kafka.lag(group).await;
            if lag == Some(0) {
                return;
            }
            if lag.is_some() && lag != last {
                (last, deadline) = (lag, Instant::now() + PATIENCE);
            }
            let late = Instant::now() >= deadline;
            assert!(!late, "{group} has a lag of {lag:?}, and does nothing");
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn check<DB: ProofDatabase>(
        &self,
        pool: &Pool<DB>,
        files: &[Vec<PathBuf>],
        figures: &mut Figures,
    ) {
        let rows = self.size.rows;
        let read = |topic| tokio::task::block_in_place(|| reading::read(&self.kafka, topic));
        figures.resent = check::sent(&read("orders"), rows);
        let effects = DB::effects(pool).await.unwrap().into_iter();
        let effects = effects.map(|number| usize::try_from(number).unwrap());
        check::once("effects in SQL", effects, rows);
        let entries = read("entries");
        let entries = entries.iter().map(|record| record.number);
        check::once("records in transactions", entries, rows);
        figures.apart = ["redis", "topic"].map(|store| check::apart(store, files, rows));
        figures.assert_bounds(PARTITIONS as usize);
    }
}
