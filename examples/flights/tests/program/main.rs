//! The program as a user runs it: once, and as a service that is killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod process;

use std::fs;
use std::path::{Path, PathBuf};

use process::{Program, stop_broker};

const EXPECTED: &str = include_str!("../../data/expected.txt");

/// The last line of the table.
const LAST_LINE_ENDS: &str = " lost";

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let name = format!("flights-{test}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        stop_broker(&self.0.join("broker"));
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How many notes of a journal begin with one of these words.
fn notes(journal: &str, words: &[&str]) -> usize {
    let text = fs::read_to_string(journal).unwrap();
    let word = |line: &&str| {
        line.split(' ')
            .next()
            .is_some_and(|word| words.contains(&word))
    };
    text.lines().filter(word).count()
}

const ENDS: [&str; 3] = ["handled", "cancelled", "no-arrival"];

#[tokio::test]
async fn the_table_equals_the_one_computed_by_awk() {
    let mut program = Program::start("once", &[]);
    assert!(program.exit().await.success());
    assert_eq!(program.rest_of_stdout().await, EXPECTED);
    let told = program.rest_of_stderr().await;
    assert!(told.contains("27004 of 27004 flights"), "{told}");
}

#[tokio::test]
async fn a_killed_service_loses_nothing() {
    let folder = Folder::new("killed");
    let (journal, broker) = (folder.file("journal"), folder.file("broker"));
    let own_broker = process::external().is_none();
    let mut arguments = vec!["--serve", "--journal", &journal];
    if own_broker {
        arguments.extend(["--broker-file", &broker]);
    }
    let mut killed = Program::start("killed", &arguments);
    killed.stderr_line("flights have come to their end").await;
    killed.kill().await;
    let before = notes(&journal, &ENDS);
    assert!((1..27_004).contains(&before), "killed at {before} flights");
    let address = own_broker.then(|| fs::read_to_string(&broker).unwrap());

    let mut restarted = Program::start("killed", &arguments);
    let table = restarted.stdout_through(LAST_LINE_ENDS).await;
    assert_eq!(table, EXPECTED);
    assert_eq!(notes(&journal, &ENDS), 27_004);
    if own_broker {
        let found = fs::read_to_string(&broker).ok();
        assert_eq!(found, address, "the same broker is found again");
    }
    restarted.terminate();
    assert!(restarted.exit().await.success());
    assert_eq!(restarted.rest_of_stdout().await, EXPECTED);
}

#[tokio::test]
async fn a_kafka_that_is_not_there_is_named() {
    let mut program = Program::with(&["--bootstrap-servers", "127.0.0.1:1"], &[]);
    assert_eq!(program.exit().await.code(), Some(1));
    let told = program.rest_of_stderr().await;
    assert!(told.contains("127.0.0.1:1"), "{told}");
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_refused() {
    let folder = Folder::new("no-journal");
    let file = folder.file("notes");
    fs::write(Path::new(&file), "dear diary\n").unwrap();
    let mut program = Program::with(&["--journal", &file], &[]);
    assert_eq!(program.exit().await.code(), Some(1));
    let told = program.rest_of_stderr().await;
    assert!(told.contains("line 1: `dear diary`"), "{told}");
}

#[tokio::test]
async fn flights_that_nobody_handles_are_lost() {
    let unhandled = [("KAFKA__LISTENERS__ARRIVE__AUTO_STARTUP", "false")];
    let mut program = Program::with(&["--patience", "1"], &unhandled);
    assert_eq!(program.exit().await.code(), Some(1));
    let table = program.rest_of_stdout().await;
    assert!(table.ends_with(
        "27004 sent, 0 handled, 0 dead-lettered (0 cancelled, 0 no arrival), 27004 lost\n"
    ));
    let told = program.rest_of_stderr().await;
    assert!(
        told.contains("27004 flights have not come to their end"),
        "{told}"
    );
}

#[tokio::test]
async fn a_journal_whose_broker_is_gone_is_refused() {
    let folder = Folder::new("gone");
    let file = folder.file("journal");
    fs::write(&file, "run a\nsent 2013-01-01 UA1545 EWR 0515\n").unwrap();
    let mut program = Program::with(&["--journal", &file], &[]);
    assert_eq!(program.exit().await.code(), Some(1));
    let told = program.rest_of_stderr().await;
    assert!(told.contains("the records of 1 flights is gone"), "{told}");
}
