use super::script::{Call, Plan, Rig};
use crate::client::SourceEvent;
use crate::listener::AckMode;

fn manual(max_uncommitted: usize) -> Rig {
    let plan = Plan {
        ack_mode: AckMode::Manual,
        max_uncommitted,
        ..Plan::default()
    };
    plan.run()
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_the_acknowledgements_holds_the_commit_back() {
    let rig = manual(100);
    rig.assign(&[(0, 4)]);
    rig.log.reaches(4).await;
    rig.acknowledge(0);
    rig.acknowledge(2);
    rig.acknowledge(3);
    rig.script.called(&Call::Commit(0, 1)).await;
    rig.quiet().await;
    assert_eq!(rig.progress().await[0].unfinished, 3);
    rig.acknowledge(1);
    rig.script.called(&Call::Commit(0, 4)).await;
}

#[tokio::test(start_paused = true)]
async fn too_many_unacknowledged_records_stop_the_reading() {
    let rig = manual(2);
    rig.assign(&[(0, 3)]);
    rig.log.reaches(2).await;
    rig.quiet().await;
    assert_eq!(rig.log.offsets(0), [0, 1]);
    rig.acknowledge(0);
    rig.log.reaches(3).await;
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_of_an_older_assignment_are_void() {
    let rig = manual(100);
    rig.assign(&[(0, 1)]);
    rig.log.reaches(1).await;
    rig.revoke(0, false);
    rig.script.called(&Call::Unassign(vec![0])).await;
    rig.script.event(SourceEvent::Assign(vec![0]));
    rig.script.fill(0, 0..1);
    rig.log.reaches(2).await;
    rig.acknowledge(0);
    rig.quiet().await;
    assert_eq!(rig.progress().await[0].to_commit, None);
    rig.acknowledge(1);
    rig.script.called(&Call::Commit(0, 1)).await;
}
