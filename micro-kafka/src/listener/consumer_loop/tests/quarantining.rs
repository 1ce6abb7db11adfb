use super::script::{Call, Plan, Rig};
use crate::client::Slot;
use crate::listener::batch::BatchSpec;
use crate::listener::command::Command;
use crate::listener::{Order, QuarantineSpec};

/// A loop that finds this note beside the offset of its partitions.
fn finds(note: &str, plan: Plan) -> Rig {
    let plan = Plan {
        quarantine: Some(QuarantineSpec::default()),
        found: Some(note.to_owned()),
        ..plan
    };
    plan.run()
}

/// The offsets and notes of a partition, without what differs from run to run.
fn notes(rig: &Rig, slot: Slot) -> Vec<(i64, String)> {
    let noted = rig.script.with(|state| state.noted.clone());
    let own = noted.into_iter().filter(|(of, ..)| *of == slot);
    let short = |note: &str| {
        let words = note.split(' ');
        let kept = words.filter(|word| word.starts_with("deaths=") || word.starts_with("record="));
        kept.collect::<Vec<_>>().join(" ")
    };
    own.map(|(_, offset, note)| (offset, short(&note)))
        .collect()
}

async fn stopped(rig: Rig) -> Vec<(i64, String)> {
    let script = rig.script.clone();
    rig.command(Command::Stop);
    script.called(&Call::Close).await;
    notes(&rig, 0)
}

const ONE_DEATH: &str = "mk1 deaths=0 process=1-other since=1";
const TWO_DEATHS: &str = "mk1 deaths=1 process=1-other since=1";

#[tokio::test(start_paused = true)]
async fn the_first_record_waits_until_its_process_is_noted_and_a_stop_takes_that_away() {
    let rig = finds("", Plan::default());
    rig.script.with(|state| state.hold_commits = true);
    rig.assign(&[(0, 3)]);
    rig.script.called(&Call::Commit(0, 0)).await;
    assert!(rig.log.all().is_empty());
    rig.script.with(|state| state.hold_commits = false);
    rig.script.answer_commits();
    rig.script.called(&Call::Commit(0, 3)).await;
    let none = String::new();
    let one = "deaths=0".to_owned();
    let expected = [(0, one.clone()), (3, one), (3, none)];
    assert_eq!(stopped(rig).await, expected);
}

#[tokio::test(start_paused = true)]
async fn one_death_is_noted_until_there_is_progress() {
    let rig = finds(ONE_DEATH, Plan::default());
    rig.assign(&[(0, 3)]);
    rig.script.called(&Call::Commit(0, 3)).await;
    let expected = [(0, "deaths=1".to_owned()), (3, "deaths=0".to_owned())];
    assert_eq!(notes(&rig, 0), expected);
    assert_eq!(rig.log.offsets(0), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn after_two_deaths_records_run_one_at_a_time_and_marked() {
    let plan = Plan {
        order: Order::None,
        parallelism: Some(8),
        gated: vec![0, 1, 2],
        max_uncommitted: 2,
        commit_count: 1,
        ..Plan::default()
    };
    let rig = finds(TWO_DEATHS, plan);
    rig.assign(&[(0, 6)]);
    for at_work in 1..=3 {
        rig.log.reaches(at_work).await;
        tokio::task::yield_now().await;
        assert_eq!(rig.log.all().len(), at_work, "alone");
        rig.gate.add_permits(1);
    }
    rig.script.called(&Call::Commit(0, 6)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 2, 3, 4, 5]);
    let all = notes(&rig, 0);
    let marked = |at: i64| (at, format!("deaths=2 record={at}"));
    assert_eq!(all[..3], [marked(0), marked(1), marked(2)]);
    assert_eq!(
        all[3],
        (3, "deaths=0".to_owned()),
        "beyond what the dead had at work"
    );
}

#[tokio::test(start_paused = true)]
async fn the_marked_record_of_a_third_death_is_recovered_and_no_other() {
    let (max, linger) = (10, std::time::Duration::ZERO);
    for batch in [None, Some(BatchSpec { max, linger })] {
        let found = "mk1 deaths=2 process=1-other since=1 record=0 at=2";
        let rig = finds(
            found,
            Plan {
                batch,
                ..Plan::default()
            },
        );
        rig.assign(&[(0, 4)]);
        rig.script.called(&Call::Commit(0, 4)).await;
        assert_eq!(*rig.kept.offsets.lock(), [0]);
        assert!(!rig.log.offsets(0).contains(&0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_under_suspicion_that_fails_is_retried_alone_and_a_revocation_is_clean() {
    let plan = Plan {
        failing_once: vec![1],
        attempts: 3,
        delay: std::time::Duration::ZERO,
        ..Plan::default()
    };
    let rig = finds(TWO_DEATHS, plan);
    rig.assign(&[(0, 3)]);
    rig.log.reaches(4).await;
    rig.quiet().await;
    assert_eq!(rig.log.offsets(0), [0, 1, 1, 2]);
    rig.revoke(0, false);
    rig.script.called(&Call::Unassign(vec![0])).await;
    assert_eq!(notes(&rig, 0).last(), Some(&(3, String::new())));
}
