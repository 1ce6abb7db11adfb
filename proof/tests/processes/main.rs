//! Three processes of a service, killed, stopped, ended and restarted at random while records come
//! in: nothing is lost, keys keep their order, and what is handled twice is explained by the harm.
//!
//! `MICRO_KAFKA_PROOF_SEED` repeats a schedule; `MICRO_KAFKA_PROOF_SECONDS` and
//! `MICRO_KAFKA_PROOF_RECORDS` say for how long and how many; `MICRO_KAFKA_PROOF_BEHIND` how many
//! records stand behind a stuck one, `MICRO_KAFKA_PROOF_WAITING` how many wait in a retry topic, and
//! `MICRO_KAFKA_PROOF_BYTES` how large they are.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod delayed;
mod folder;
mod kafka;
mod member;
mod memory;
mod schedule;
mod silence;
mod traffic;
mod trial;
mod waiting;

use micro_kafka_proof::check::{Anomaly, Verdict};

use schedule::Schedule;
use trial::{Trial, from_environment};

/// Kills, stops and orders to end of all three; it found a stop that let go of what it had handled.
const SEED: u64 = 517_097_374;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_processes_are_killed_stopped_and_restarted() {
    let seconds = from_environment("SECONDS").unwrap_or(8);
    let seed = from_environment("SEED").unwrap_or(SEED);
    let trial = Trial {
        records: from_environment("RECORDS").unwrap_or(8_000),
        keys: 40,
        schedule: Schedule::random(seed, seconds),
        paced: true,
        service: &[],
        static_members: false,
        settings: &[],
    };
    eprintln!("MICRO_KAFKA_PROOF_SEED={seed}");
    let (verdict, folder) = trial.run().await;
    eprintln!("{verdict}");
    assert!(
        verdict.anomalies.is_empty(),
        "MICRO_KAFKA_PROOF_SEED={seed}, {}: {verdict}",
        folder.keep().display()
    );
}

/// The settings that let records of a key overtake one another, and that commit at once.
const MISTAKES: [(&str, &str); 2] = [
    ("KAFKA__LISTENERS__SINGLE__ORDER", "none"),
    ("KAFKA__LISTENERS__MANUAL__ACK_MODE", "manual-immediate"),
];

/// A mistake, the listener that makes it, and what it is seen by.
type Sign = (&'static str, &'static str, fn(&Anomaly) -> bool);

const SIGNS: [Sign; 5] = [
    ("committed too early", "manual", is_lost),
    ("forgotten", "batch", is_lost),
    ("overtaken", "single", |anomaly| {
        matches!(anomaly, Anomaly::OutOfOrder { .. })
    }),
    ("two of a key at once", "single", |anomaly| {
        matches!(anomaly, Anomaly::AtOnce { .. })
    }),
    ("handled twice", "keyed", |anomaly| {
        matches!(anomaly, Anomaly::Repeated { .. })
    }),
];

fn is_lost(anomaly: &Anomaly) -> bool {
    matches!(anomaly, Anomaly::Lost(_))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_makes_mistakes_is_found_out() {
    let mut hidden = SIGNS.to_vec();
    let mut told = String::new();
    // Some are seen only if a kill comes while the listener is at work, which a busy machine may
    // not have begun by then.
    for slower in [1, 2, 4, 8] {
        let trial = Trial {
            records: 3_200,
            keys: 16,
            schedule: Schedule::kills(slower),
            paced: false,
            service: &["--with-bugs"],
            static_members: true,
            settings: &MISTAKES,
        };
        let (verdict, folder) = trial.run().await;
        hidden.retain(|(_, listener, is)| !has(&verdict, listener, *is));
        if hidden.is_empty() {
            return folder.remove();
        }
        told = format!("{}: {verdict}", folder.keep().display());
    }
    let hidden: Vec<_> = hidden.iter().map(|(mistake, ..)| mistake).collect();
    panic!("not found: {hidden:?}, {told}");
}

fn has(verdict: &Verdict, listener: &str, is: fn(&Anomaly) -> bool) -> bool {
    let mut anomalies = verdict.anomalies.iter();
    anomalies.any(|anomaly| anomaly.record().listener == listener && is(anomaly))
}
