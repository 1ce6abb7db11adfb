//! Walks on both sides, and the first difference.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::side::Side;

/// Requests of a walk that is recorded, and of one that is compared live.
const RECORDED_STEPS: usize = 60;
const LIVE_STEPS: usize = 150;
/// The seed of the recorded walks.
const RECORDED_SEED: u64 = 1;
/// Lines shown before the first difference.
const BEFORE: usize = 3;
/// Differences shown; those after the first may follow from it.
const SHOWN: usize = 4;

/// The future of a walk.
pub(crate) type Walking<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Fails with the first answer that differs from Apache Kafka's.
pub(crate) async fn same_answers(
    name: &str,
    walk: impl for<'a> Fn(&'a mut Side, StdRng, usize) -> Walking<'a>,
) {
    let recorded = recording(name);
    let Ok(address) = std::env::var("MICRO_KAFKA_TEST") else {
        let theirs = std::fs::read_to_string(&recorded).expect("a recording");
        let theirs: Vec<_> = theirs.lines().map(str::to_owned).collect();
        let side = Side::embedded().await.compared_with(&theirs);
        let ours = walked(side, &walk, RECORDED_SEED, RECORDED_STEPS).await;
        let report = differences(name, RECORDED_SEED, &ours, &theirs);
        return assert!(report.is_none(), "{}", report.unwrap_or_default());
    };
    if std::env::var_os("MICRO_KAFKA_RECORD").is_some() {
        let side = Side::at(&address).await;
        let lines = walked(side, &walk, RECORDED_SEED, RECORDED_STEPS).await;
        std::fs::write(&recorded, lines.join("\n") + "\n").unwrap();
        return;
    }
    let walks = std::env::var("MICRO_KAFKA_WALKS");
    let walks = walks.map_or(2, |walks| {
        walks.parse().expect("MICRO_KAFKA_WALKS: a number")
    });
    let first = std::env::var("MICRO_KAFKA_FIRST_WALK");
    let first = first.map_or(1, |seed| seed.parse().expect("a seed"));
    let mut reports = Vec::new();
    for seed in first..first + walks {
        let theirs = walked(Side::at(&address).await, &walk, seed, LIVE_STEPS).await;
        let side = Side::embedded().await.compared_with(&theirs);
        let ours = walked(side, &walk, seed, LIVE_STEPS).await;
        reports.extend(differences(name, seed, &ours, &theirs));
    }
    assert!(reports.is_empty(), "{}", reports.join("\n"));
}

fn recording(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/differential/recorded")
        .join(format!("{name}.txt"))
}

async fn walked(
    mut side: Side,
    walk: &impl for<'a> Fn(&'a mut Side, StdRng, usize) -> Walking<'a>,
    seed: u64,
    steps: usize,
) -> Vec<String> {
    walk(&mut side, StdRng::seed_from_u64(seed), steps).await;
    side.answers()
}

fn differences(name: &str, seed: u64, ours: &[String], theirs: &[String]) -> Option<String> {
    let pairs = ours.iter().zip(theirs).enumerate();
    let differing: Vec<_> = pairs.filter(|(_, (ours, theirs))| ours != theirs).collect();
    if differing.is_empty() && ours.len() == theirs.len() {
        return None;
    }
    let first = differing.first().map_or(ours.len(), |(nth, _)| *nth);
    let before = ours[first.saturating_sub(BEFORE)..first].join("\n  ");
    let shown = differing.iter().take(SHOWN).map(|(nth, (ours, theirs))| {
        format!("{nth}. Apache Kafka:\n  {theirs}\n{nth}. this broker:\n  {ours}\n")
    });
    Some(format!(
        "{name}, seed {seed}, {} of {} and {} answers differ:\n  {before}\n{}",
        differing.len(),
        ours.len(),
        theirs.len(),
        shown.collect::<String>(),
    ))
}
