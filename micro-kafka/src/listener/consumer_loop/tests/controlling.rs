//! Pauses, seeks, hooks and events.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::script::{Call, Plan, Rig};
use crate::client::SourceEvent;
use crate::listener::command::Command;
use crate::listener::consumer_loop::Exit;
use crate::listener::seek::SeekRequest;
use crate::listener::{
    AssignedPartition, ContainerEvent, Order, RebalanceListener, SeekTo, Sought, Target,
};

fn pause(rig: &Rig, target: &Target) {
    rig.pauses.pause(target);
    rig.command(Command::Paused);
}

fn resume(rig: &Rig, target: &Target) {
    assert!(rig.pauses.resume(target));
    rig.command(Command::Paused);
}

/// Asks for a seek; what came of it.
fn seek(rig: &Rig, target: Target, to: SeekTo) -> oneshot::Receiver<Result<Vec<Sought>, String>> {
    let (answer, answered) = oneshot::channel();
    rig.command(Command::Seek(SeekRequest { target, to, answer }));
    answered
}

fn partition(number: i32) -> Target {
    Target::Partition("t".to_owned(), number)
}

#[tokio::test(start_paused = true)]
async fn a_paused_partition_is_not_read_and_the_others_are() {
    let rig = Plan::default().run();
    pause(&rig, &partition(0));
    rig.assign(&[(0, 3), (1, 3)]);
    rig.script.called(&Call::Commit(1, 3)).await;
    rig.quiet().await;
    assert_eq!(rig.log.offsets(0), [] as [i64; 0]);
    resume(&rig, &partition(0));
    rig.script.called(&Call::Commit(0, 3)).await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_outlives_a_rebalance() {
    let rig = Plan::default().run();
    pause(&rig, &Target::Topic("t".to_owned()));
    rig.assign(&[(0, 3)]);
    rig.revoke(0, false);
    rig.script.called(&Call::Unassign(vec![0])).await;
    rig.script.event(SourceEvent::Assign(vec![0]));
    rig.quiet().await;
    assert_eq!(rig.log.offsets(0), [] as [i64; 0]);
    resume(&rig, &Target::All);
    rig.script.called(&Call::Commit(0, 3)).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_in_a_handler_goes_on_in_a_pause_and_nothing_follows_it() {
    let plan = Plan {
        gated: vec![1],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 4)]);
    rig.log.reaches(2).await;
    pause(&rig, &Target::All);
    rig.gate.add_permits(1);
    rig.quiet().await;
    assert_eq!(rig.log.offsets(0), [0, 1]);
    resume(&rig, &Target::All);
    rig.script.called(&Call::Commit(0, 4)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_seek_waits_for_what_is_at_work_and_is_committed() {
    let plan = Plan {
        order: Order::Key,
        parallelism: Some(8),
        gated: vec![1],
        ..Plan::default()
    };
    let mut rig = plan.run();
    rig.script.event(SourceEvent::Assign(vec![0]));
    rig.script
        .fill_with(0, (0..4).map(|n| (n, Some(if n == 0 { "a" } else { "b" }))));
    rig.log.reaches(2).await;
    let answer = seek(&rig, partition(0), SeekTo::Offset(40));
    rig.progress().await;
    assert!(!rig.script.calls().contains(&Call::Seek(0, 40)));
    rig.gate.add_permits(1);
    let sought = answer.await.unwrap().unwrap();
    assert_eq!((sought.len(), sought[0].offset), (1, 40));
    rig.script.called(&Call::Commit(0, 40)).await;
    rig.script.fill(0, 40..42);
    rig.script.called(&Call::Commit(0, 42)).await;
    assert_eq!(rig.log.offsets(0), [0, 1, 40, 41]);
    assert!(tells(&mut rig, |event| matches!(
        event,
        ContainerEvent::Sought { offset: 40, .. }
    )));
}

#[tokio::test(start_paused = true)]
async fn a_seek_that_is_refused_ends_the_consumer_since_what_waited_was_let_go_of() {
    let plan = Plan {
        failing_once: vec![0],
        attempts: 2,
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 3)]);
    rig.log.reaches(1).await;
    rig.progress().await;
    rig.script.with(|state| state.refuse_seeks = true);
    let answer = seek(&rig, partition(0), SeekTo::Offset(40));
    let reason = answer.await.unwrap().unwrap_err();
    assert!(matches!(rig.exit().await, Exit::Fatal(fatal) if fatal.contains(&reason)));
}

#[tokio::test(start_paused = true)]
async fn a_seek_goes_where_it_is_told() {
    let rig = Plan::default().run();
    rig.assign(&[(0, 5), (1, 2)]);
    rig.script.called(&Call::Commit(0, 5)).await;
    rig.quiet().await;
    let back: crate::listener::SeekFunction =
        Arc::new(|partition, now| (partition.partition == 0).then(|| now.unwrap_or(0) + 7));
    let cases = [
        (SeekTo::Beginning, 10),
        (SeekTo::End, 100),
        (SeekTo::BeforeEnd(30), 70),
        (SeekTo::Relative(-60), 10),
        (SeekTo::Timestamp(55_000), 55),
        (SeekTo::Offset(3), 3),
        (SeekTo::By(back), 10),
        (SeekTo::Relative(-60), 0),
    ];
    for (to, expected) in cases {
        let case = format!("{to:?}");
        let sought = seek(&rig, partition(0), to).await.unwrap().unwrap();
        assert_eq!(
            sought.iter().map(|s| s.offset).collect::<Vec<_>>(),
            [expected],
            "{case}"
        );
    }
    let nowhere = seek(&rig, Target::Topic("other".to_owned()), SeekTo::End);
    assert_eq!(nowhere.await.unwrap().unwrap(), []);
    assert_eq!(rig.log.offsets(1), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_seek_under_way_outlives_a_revocation() {
    let plan = Plan {
        gated: vec![0],
        ..Plan::default()
    };
    let rig = plan.run();
    rig.assign(&[(0, 2)]);
    rig.log.reaches(1).await;
    let answer = seek(&rig, partition(0), SeekTo::Offset(77));
    rig.progress().await;
    rig.revoke(0, false);
    rig.progress().await;
    rig.gate.add_permits(1);
    rig.script.called(&Call::Unassign(vec![0])).await;
    assert!(
        rig.script.calls().contains(&Call::Commit(0, 77)),
        "{:?}",
        rig.script.calls()
    );
    drop(answer);
}

#[derive(Debug, Default)]
struct Hooks(Mutex<Vec<String>>);

impl Hooks {
    fn note(&self, what: &str, partitions: &[AssignedPartition]) {
        let numbers = partitions.iter().map(|p| p.partition).collect::<Vec<_>>();
        self.0.lock().push(format!("{what} {numbers:?}"));
    }
}

#[derive(Debug)]
struct Hooked(Arc<Hooks>);

impl RebalanceListener for Hooked {
    fn assigned(&self, _listener: &str, partitions: &[AssignedPartition]) {
        self.0.note("assigned", partitions);
    }

    fn revoked_before_commit(&self, _listener: &str, partitions: &[AssignedPartition]) {
        self.0.note("before", partitions);
        panic!("as planned");
    }

    fn revoked_after_commit(&self, _listener: &str, partitions: &[AssignedPartition]) {
        self.0.note("after", partitions);
    }

    fn lost(&self, _listener: &str, partitions: &[AssignedPartition]) {
        self.0.note("lost", partitions);
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_are_called_around_the_commit_and_a_panic_changes_nothing() {
    let hooks = Arc::new(Hooks::default());
    let plan = Plan {
        rebalance_listener: Some(Arc::new(Hooked(Arc::clone(&hooks)))),
        gated: vec![1],
        ..Plan::default()
    };
    let mut rig = plan.run();
    rig.assign(&[(0, 2), (1, 1)]);
    rig.log.reaches(3).await;
    rig.revoke(0, false);
    rig.progress().await;
    assert_eq!(*hooks.0.lock(), ["assigned [0, 1]"]);
    rig.gate.add_permits(1);
    rig.script.called(&Call::Unassign(vec![0])).await;
    rig.revoke(1, true);
    rig.script.called(&Call::Unassign(vec![1])).await;
    let expected = ["assigned [0, 1]", "before [0]", "after [0]", "lost [1]"];
    assert_eq!(*hooks.0.lock(), expected);
    assert!(rig.script.calls().contains(&Call::Commit(0, 2)));
    let mut seen = Vec::new();
    while let Some(event) = rig.events.try_next() {
        match &*event {
            ContainerEvent::Assigned(all) => seen.push(("assigned", all.len())),
            ContainerEvent::Revoked(all) => seen.push(("revoked", all.len())),
            ContainerEvent::Lost(all) => seen.push(("lost", all.len())),
            _ => {}
        }
    }
    assert_eq!(seen, [("assigned", 2), ("revoked", 1), ("lost", 1)]);
}

fn tells(rig: &mut Rig, wanted: impl Fn(&ContainerEvent) -> bool) -> bool {
    while let Some(event) = rig.events.try_next() {
        if wanted(&event) {
            return true;
        }
    }
    false
}

#[tokio::test(start_paused = true)]
async fn who_has_no_records_is_told_to_be_idle_until_there_is_one() {
    let plan = Plan {
        idle_event: Some(Duration::from_secs(30)),
        ..Plan::default()
    };
    let mut rig = plan.run();
    rig.assign(&[(0, 1)]);
    rig.script.called(&Call::Commit(0, 1)).await;
    rig.clock
        .advance_to(rig.clock.now() + Duration::from_secs(31));
    // The loop looks each second.
    let idle = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            if let ContainerEvent::PartitionIdle { partition, idle } =
                &*rig.events.next().await.unwrap()
            {
                return (partition.partition, *idle >= Duration::from_secs(30));
            }
        }
    });
    assert_eq!(idle.await.unwrap(), (0, true));
    rig.script.fill(0, 1..2);
    rig.script.called(&Call::Commit(0, 2)).await;
    assert!(tells(&mut rig, |event| matches!(
        event,
        ContainerEvent::NoLongerIdle { .. }
    )));
    assert!(tells(&mut rig, |event| matches!(
        event,
        ContainerEvent::PartitionNoLongerIdle { partition } if partition.partition == 0
    )));
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_told_once_and_its_end_too() {
    let mut rig = Plan::default().run();
    for _ in 0..3 {
        rig.script.event(SourceEvent::Error {
            name: "client",
            text: "sasl://kafka:9092: SASL authentication error: Authentication failed".to_owned(),
            denied: None,
        });
        rig.progress().await;
    }
    rig.assign(&[(0, 0)]);
    rig.progress().await;
    let mut seen = Vec::new();
    while let Some(event) = rig.events.try_next() {
        match &*event {
            ContainerEvent::AuthenticationFailed { .. } => seen.push("failed"),
            ContainerEvent::AuthenticationSucceeded { .. } => seen.push("succeeded"),
            _ => {}
        }
    }
    assert_eq!(seen, ["failed", "succeeded"]);
}
