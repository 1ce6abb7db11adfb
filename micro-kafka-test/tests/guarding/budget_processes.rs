//! Processes of one group in an outage, each with a budget, which are killed in the end.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use micro_kafka::config::Config;
use micro_kafka::listener::ContainerEvent;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// The settings of a process, and where it tells that its budget is spent.
const SERVICE: &str = "MICRO_KAFKA_BUDGET_SERVICE";
const NOTES: &str = "MICRO_KAFKA_BUDGET_NOTES";
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether the gateway refuses what comes late.
#[derive(Debug, Clone, Copy)]
struct Outage(bool);

#[derive(Debug, thiserror::Error, Classify)]
enum PayError {
    #[error("the gateway refuses")]
    #[kafka(dead_letter)]
    Refused,
}

#[kafka_listener(
    topics = "orders",
    group_id = "pay",
    concurrency = 2,
    retry_budget(percent = 20, at_least = 10)
)]
async fn pay(
    order: &str,
    State(outage): State<Outage>,
    State(paid): State<Journal<String>>,
) -> Result<(), PayError> {
    if outage.0 && order.starts_with("late") {
        return Err(PayError::Refused);
    }
    paid.note(order.to_owned());
    Ok(())
}

/// Not a test: the service in its outage, in a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_in_an_outage() {
    let (Ok(settings), Ok(path)) = (std::env::var(SERVICE), std::env::var(NOTES)) else {
        return;
    };
    let settings = Config::builder().toml_str("service.toml", &settings);
    let app = KafkaApp::builder().config_from(settings).listener(pay);
    let app = app.state(Outage(true)).state(Journal::<String>::new());
    let app = app.build().unwrap().start().await.unwrap();
    let mut events = app.listener("pay").unwrap().events();
    while let Some(event) = events.next().await {
        if matches!(&*event, ContainerEvent::RetryBudgetSpent { .. }) {
            let mut notes = File::options().append(true).open(&path).unwrap();
            writeln!(notes, "{}", std::process::id()).unwrap();
        }
    }
}

fn spawn(kafka: &EmbeddedKafka, notes: &Path) -> Child {
    let namespace = kafka.template().namespace().trim_end_matches('.');
    let namespace = match namespace {
        "" => String::new(),
        name => format!("namespace = \"{name}\"\n"),
    };
    let settings = format!(
        "[kafka]\nbootstrap-servers = \"{}\"\n{namespace}\
         [kafka.consumer.properties]\n\"session.timeout.ms\" = 6000\n",
        kafka.bootstrap_servers()
    );
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "budget_processes::the_service_in_an_outage"])
        .env(SERVICE, settings)
        .env(NOTES, notes)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn send(kafka: &EmbeddedKafka, word: &str, count: i32) {
    let sends = (0..count).map(|number| {
        let order = format!("{word} {number}");
        kafka.template().send("orders", order).partition(number % 4)
    });
    for sent in kafka.template().send_all(sends).await {
        sent.unwrap();
    }
}

#[kafka_test(topics = ["orders", "orders-dlt"], partitions = 4)]
async fn each_process_of_a_group_keeps_to_its_share_and_nothing_is_lost(kafka: EmbeddedKafka) {
    const LATE: i32 = 1_200;
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = path.join(format!("retry-budget-{}", std::process::id()));
    fs::write(&path, "").unwrap();
    send(&kafka, "early", 400).await;
    send(&kafka, "late", LATE).await;
    let mut services = [spawn(&kafka, &path), spawn(&kafka, &path)];
    let both = async {
        let spent = || {
            let text = fs::read_to_string(&path).unwrap();
            text.lines().collect::<BTreeSet<_>>().len()
        };
        while spent() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, both).await;
    told.expect("both budgets are spent");
    for service in &mut services {
        service.kill().unwrap();
        service.wait().unwrap();
    }
    // A fifth of what was tried, for each: of 400 that went well, and of those that did not.
    let letters = kafka.records_now("orders-dlt");
    assert!((80..=200).contains(&letters.len()), "{}", letters.len());
    let paid = Journal::<String>::new();
    let app = kafka.app().listener(pay).state(Outage(false));
    let app = app.state(paid.clone()).start().await;
    app.listener("pay").settled().within(PATIENCE).await;
    let text = |payload: Option<&[u8]>| String::from_utf8_lossy(payload.unwrap()).into_owned();
    let letters = letters.iter().map(|letter| text(letter.payload.as_deref()));
    let seen: BTreeSet<_> = letters.chain(paid.entries()).collect();
    let lost = (0..LATE).map(|number| format!("late {number}"));
    let lost: Vec<_> = lost.filter(|order| !seen.contains(order)).collect();
    assert_eq!(lost, Vec::<String>::new());
    fs::remove_file(&path).unwrap();
}
