//! A whole application's budget.

use super::shares;
use crate::KafkaApp;
use crate::app::Listener;
use crate::config::Config;

fn listener(id: &str, consumers: u32) -> Listener {
    let listener = Listener::new(id, |_| Box::pin(async { Ok(()) }));
    listener.topics([id]).concurrency(consumers)
}

fn build(text: &str, listeners: Vec<Listener>) -> Result<KafkaApp, String> {
    let settings = Config::builder().toml_str("a.toml", text);
    let app = KafkaApp::builder().config_from(settings);
    let app = listeners
        .into_iter()
        .fold(app, |app, own| app.register(own));
    app.build().map_err(|error| error.to_string())
}

fn lines(app: &KafkaApp) -> Vec<(String, String)> {
    let shares = shares(&app.config, &app.plans, None).unwrap().unwrap();
    let lines = shares.lines();
    lines.map(|(client, share, _)| (client, share)).collect()
}

fn is(app: &KafkaApp, expected: &[(&str, &str)]) {
    let owned = expected.iter();
    let owned = owned.map(|(client, share)| ((*client).to_owned(), (*share).to_owned()));
    assert_eq!(lines(app), owned.collect::<Vec<_>>());
}

#[test]
fn a_budget_is_split_by_halves_and_then_alike() {
    let text = "[kafka]\nmemory-budget = '256MiB'\n";
    let app = build(text, vec![listener("a", 1), listener("b", 3)]).unwrap();
    is(
        &app,
        &[
            ("template", "64.0 MiB"),
            ("template, single sends", "64.0 MiB"),
            ("listeners.a", "32.0 MiB"),
            ("listeners.b", "96.0 MiB"),
        ],
    );
    let told = app.template().buffer_bytes();
    assert_eq!(told, 48 << 20, "three quarters are for the records");
}

#[test]
fn what_is_written_counts_first_and_all_kinds_of_clients_count() {
    let text = "[kafka]\nmemory-budget = '256MiB'\n\
                [kafka.producer]\nlinger = '0ms'\nbuffer-memory = '48MiB'\ntransaction-id-prefix = 'x'\n\
                transaction-producers = 1\n\
                [kafka.delayed]\ntopic = 'later'\n\
                [kafka.template]\nreply-topic = 'replies'\n";
    let app = build(text, vec![listener("a", 1)]).unwrap();
    is(
        &app,
        &[
            ("template", "64.0 MiB"),
            ("template, transactions", "64.0 MiB"),
            ("listeners.a", "44.0 MiB"),
            ("delayed", "40.0 MiB"),
            ("replies", "44.0 MiB"),
        ],
    );
    assert_eq!(app.template().buffer_bytes(), 48 << 20);
}

#[test]
fn a_budget_that_is_too_small_says_the_least() {
    let told = |budget: &str| {
        let text = format!("[kafka]\nmemory-budget = '{budget}'\n");
        build(&text, vec![listener("a", 1)]).map(|_| ())
    };
    let error = told("1MiB").unwrap_err();
    assert!(error.contains("a.toml:2:17"), "{error}");
    let (_, least) = error.split_once("clients: \"").unwrap();
    let (least, _) = least.split_once('"').unwrap();
    told(least).unwrap();
    let number: u64 = least.strip_suffix("KiB").unwrap().parse().unwrap();
    assert!(
        told(&format!("{}KiB", number - 1)).is_err(),
        "{least} is the least"
    );
}

#[test]
fn a_size_beyond_the_budget_is_told_with_both_places() {
    for (table, size, place) in [
        (
            "[kafka.producer]\n",
            "buffer-memory = '65MiB'",
            "a.toml:4:17",
        ),
        (
            "[kafka.listener]\n",
            "max-uncommitted-bytes = '65MiB'",
            "a.toml:4:25",
        ),
        ("[kafka.delayed]\n", "memory = '65MiB'", "a.toml:4:10"),
        (
            "[kafka.consumer.properties]\n",
            "queued.max.messages.kbytes = 66561",
            "a.toml:4:30",
        ),
        (
            "[kafka.listeners.a.properties]\n",
            "max.partition.fetch.bytes = 67108865",
            "a.toml:4:29",
        ),
    ] {
        let text = format!("[kafka]\nmemory-budget = '64MiB'\n{table}{size}\n");
        let error = build(&text, vec![listener("a", 1)]).unwrap_err();
        for said in [place, "a.toml:2:17", "is 64.0 MiB", "raise the budget"] {
            assert!(error.contains(said), "{said}: {error}");
        }
    }
}

#[test]
fn without_a_budget_nothing_changes() {
    let app = build("", vec![listener("a", 1)]).unwrap();
    assert!(app.shares.is_none());
    assert_eq!(app.template().buffer_bytes(), 256 << 20);
}
