//! Processes of the service that are killed at any time: `kill -9`, again and again.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use micro_kafka::config::Config;

use super::*;

/// The settings of a service that is to be killed, and where it notes what it has done.
const SERVICE: &str = "MICRO_KAFKA_ORDERED_SERVICE";
const NOTES: &str = "MICRO_KAFKA_ORDERED_NOTES";
const PATIENCE: Duration = Duration::from_secs(120);

/// Records of a key, keys and kills: `MICRO_KAFKA_ORDERED=100,16,30` for more.
fn size() -> (usize, usize, usize) {
    let wanted = std::env::var("MICRO_KAFKA_ORDERED").unwrap_or_default();
    let mut wanted = wanted.split(',').map(|number| number.parse().ok());
    let mut next = |default| wanted.next().flatten().unwrap_or(default);
    (next(24), next(8), next(4))
}

/// Notes what is done, one line each, in a file that all processes append to.
fn notes(path: &str) -> Done {
    let file = File::options().append(true).open(path).unwrap();
    Done(Some(Arc::new(file)))
}

/// Where records that are done are noted, if anywhere but in the test.
#[derive(Debug, Clone, Default)]
pub(super) struct Done(Option<Arc<File>>);

impl Done {
    pub(super) fn note(&self, name: &str) {
        if let Some(mut file) = self.0.as_deref() {
            file.write_all(format!("{name}\n").as_bytes()).unwrap();
        }
    }
}

/// Not a test: the service, in a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_that_is_killed() {
    let (Ok(settings), Ok(path)) = (std::env::var(SERVICE), std::env::var(NOTES)) else {
        return;
    };
    let settings = Config::builder().toml_str("service.toml", &settings);
    let bills = Bills {
        done: notes(&path),
        ..Bills::default()
    };
    let app = KafkaApp::builder().config_from(settings).listener(charge);
    app.state(bills).build().unwrap().run().await.unwrap();
}

/// A process with the service.
struct Service {
    settings: String,
    notes: PathBuf,
    child: Child,
}

impl Service {
    /// A static member: it has its partitions again as soon as it is there again.
    fn start(kafka: &EmbeddedKafka, number: usize, notes: &Path) -> Self {
        let topic = kafka.wire_name("bills");
        let namespace = topic.strip_suffix(".bills").unwrap_or_default();
        let namespace = match namespace {
            "" => String::new(),
            name => format!("namespace = \"{name}\"\n"),
        };
        let settings = format!(
            "[kafka]\nbootstrap-servers = \"{}\"\n{namespace}\
             [kafka.listener]\ngroup-instance-id = \"billing-{number}\"\n\
             [kafka.listeners.charge.retry-topic]\nbackoff = \"20ms..100ms x2\"\n",
            kafka.bootstrap_servers(),
        );
        let child = spawn(&settings, notes);
        let notes = notes.to_owned();
        Self {
            settings,
            notes,
            child,
        }
    }

    fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(&self.settings, &self.notes);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(settings: &str, notes: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "killing::the_service_that_is_killed",
            "--nocapture",
        ])
        .env(SERVICE, settings)
        .env(NOTES, notes)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The names of one key in the order in which they came first, or last.
fn once<'n>(names: impl Iterator<Item = &'n str>, key: char) -> Vec<&'n str> {
    let mut once = Vec::new();
    for name in names.filter(|name| name.starts_with(key)) {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

#[kafka_test(topics = ["bills"], partitions = 4)]
async fn the_order_of_keys_outlives_processes_that_are_killed(kafka: EmbeddedKafka) {
    let (records, keys, kills) = size();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = path.join(format!("ordered-retry-{}", std::process::id()));
    fs::write(&path, "").unwrap();
    let mut services = [0, 1].map(|number| Service::start(&kafka, number, &path));
    let mut sent: BTreeMap<char, Vec<String>> = BTreeMap::new();
    for number in 0..records {
        for at in 0..keys {
            let key = char::from(b'a' + u8::try_from(at).unwrap());
            let fails = ((number * 7 + at * 3) % 5).max(2) - 2;
            let name = format!("{key}{number:03}");
            let bill = format!("{name} fails {fails}");
            let partition = i32::try_from(at % 4).unwrap();
            let send = kafka.send("bills", &*bill).key(key.to_string());
            send.partition(partition).await;
            sent.entry(key).or_default().push(name);
        }
    }
    let all = records * keys;
    let distinct = || {
        let text = fs::read_to_string(&path).unwrap();
        let names: std::collections::BTreeSet<_> = text.lines().collect();
        names.len()
    };
    let reaches = async |count: usize| {
        while distinct() < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    for kill in 0..kills {
        let some = reaches(all * (kill + 1) / (kills + 2));
        tokio::time::timeout(PATIENCE, some)
            .await
            .expect("no progress");
        services[kill % 2].kill_and_restart();
    }
    let end = tokio::time::timeout(PATIENCE, reaches(all)).await;
    end.unwrap_or_else(|_| panic!("{} of {all} records are done", distinct()));
    // What was handled again after a kill may not have come to its end with the last new record.
    for (group, topic) in [
        ("billing", "bills"),
        ("billing-retry", "bills-retry-ordered"),
    ] {
        kafka
            .group(group)
            .assert_lag(topic, 0)
            .within(PATIENCE)
            .await;
    }
    let text = fs::read_to_string(&path).unwrap();
    for (key, names) in &sent {
        assert_eq!(once(text.lines(), *key), *names, "first");
        let mut last = once(text.lines().rev(), *key);
        last.reverse();
        assert_eq!(last, *names, "last");
    }
    eprintln!("{} records, {} handled", all, text.lines().count());
    fs::remove_file(&path).unwrap();
}
