//! Who goes the short way, and that it is one.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::script::{Call, Plan, Rig};
use crate::config::{RetrySettings, RetryTopicSettings};
use crate::error::{RetryTopicPolicy, RetryTopics};
use crate::listener::batch::BatchSpec;
use crate::listener::consumer_loop::plain::is_plain;
use crate::listener::{
    AckMode, Delivery, Dispatch, Filter, Finished, Handler, HandlerSlot, Interceptor, Interceptors,
    ListenerEndpoint, Order, Started,
};

/// Records of one read turn, and turns that are timed of each way.
const TURN: i64 = 500;
const ROUNDS: i64 = 40;

#[derive(Debug)]
struct Idle;

impl Interceptor for Idle {}

fn one_interceptor() -> Interceptors {
    std::iter::once(Arc::new(Idle) as Arc<dyn Interceptor>).collect()
}

fn invoke(delivery: Delivery, slot: &mut HandlerSlot) -> Started {
    slot.start(async move {
        black_box(delivery.record().payload());
        Finished {
            delivery,
            result: Ok(()),
        }
    })
}

fn plain_with(change: impl FnOnce(&mut ListenerEndpoint)) -> bool {
    let mut endpoint = Plan::default().endpoint(Handler::Function(invoke));
    change(&mut endpoint);
    is_plain(&endpoint, &Interceptors::default())
}

fn retry_topics() -> Arc<RetryTopics> {
    let policy = RetryTopicPolicy::new(&RetryTopicSettings::default(), &RetrySettings::default());
    let topics = RetryTopics::new("test".into(), policy, &["t".to_owned()], "g", None);
    Arc::new(topics.unwrap())
}

#[test]
fn only_listeners_without_anything_beside_their_handler_go_the_short_way() {
    assert!(plain_with(|_| {}), "what most listeners are");
    assert!(plain_with(|it| it.ack_mode = AckMode::Time));
    assert!(plain_with(|it| it.parallelism = Some(1)));
    assert!(plain_with(
        |it| it.auto_commit = Some(Duration::from_secs(5))
    ));
    let topics = || Some(retry_topics());
    assert!(plain_with(|it| it.retry_topics = topics()));
    assert!(!plain_with(|it| {
        (it.retry_topics, it.reads_retries) = (topics(), true);
    }));
    assert!(!plain_with(|it| it.order = Order::Key));
    assert!(!plain_with(|it| it.dispatch = Dispatch::Spawn));
    assert!(!plain_with(|it| it.batch = Some(BatchSpec::default())));
    assert!(!plain_with(|it| it.filter = Some(Filter::new(|_| true))));
    assert!(!plain_with(|it| it.ack_mode = AckMode::Manual));
    assert!(!plain_with(|it| it.ack_mode = AckMode::Record));
    let endpoint = Plan::default().endpoint(Handler::Function(invoke));
    assert!(!is_plain(&endpoint, &one_interceptor()));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_well_at_once_goes_the_way_of_all_and_the_next_run_begins_behind_it() {
    let rig = Plan {
        failing: vec![3],
        gated: vec![6],
        ..Plan::default()
    }
    .run();
    rig.assign(&[(0, 10)]);
    rig.log.reaches(7).await;
    rig.progress().await;
    assert_eq!(rig.log.offsets(0), (0..7).collect::<Vec<_>>());
    assert_eq!(*rig.kept.offsets.lock(), [3]);
    rig.gate.add_permits(1);
    rig.script.called(&Call::Commit(0, 10)).await;
    assert_eq!(rig.log.offsets(0), (0..10).collect::<Vec<_>>());
}

/// The least time of a turn, over several of both in turn: a busy machine disturbs some, not all.
#[test]
fn the_short_way_takes_less_time_than_the_other() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let start = |interceptors| {
        let plan = Plan {
            interceptors,
            ..Plan::default()
        };
        let rig = runtime.block_on(async { plan.run_with(Handler::Function(invoke)) });
        rig.assign(&[(0, 0)]);
        runtime.block_on(rig.quiet());
        rig
    };
    let turn = |rig: &Rig, round: i64| {
        rig.script.fill(0, round * TURN..(round + 1) * TURN);
        let began = Instant::now();
        runtime.block_on(rig.quiet());
        began.elapsed()
    };
    let (short, long) = (start(Interceptors::default()), start(one_interceptor()));
    let times = (0..ROUNDS).map(|round| (turn(&short, round), turn(&long, round)));
    let least = times.reduce(|least, now| (least.0.min(now.0), least.1.min(now.1)));
    let (short, long) = least.unwrap();
    assert!(short < long, "{short:?} beside {long:?}");
}
