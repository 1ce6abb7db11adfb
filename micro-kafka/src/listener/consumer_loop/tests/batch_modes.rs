//! Every acknowledgement mode, with every outcome of a batch's records, in every order.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::script::{Call, Plan, Rig};
use crate::client::SourceEvent;
use crate::error::{Action, ListenerError};
use crate::listener::batch::BatchSpec;
use crate::listener::tests::support::{Log, failure};
use crate::listener::{
    AckMode, AckToken, BatchOutcome, ConsumerContext, Delivery, Finished, Handler, HandlerFuture,
    Order, Verdict,
};

const INTERVAL: Duration = Duration::from_secs(1);
const ORDERS: [Order; 3] = [Order::Partition, Order::Key, Order::None];

/// What becomes of a batch of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    AllDone,
    /// The second record fails once; the others are done.
    OneAgain,
    /// The second record fails until it is recovered.
    OneRecovered,
    OneSkipped,
    /// The call fails once, and with it every record.
    AllAgain,
    AllRecovered,
    AllSkipped,
}

impl Outcome {
    const ALL: [Self; 7] = [
        Self::AllDone,
        Self::OneAgain,
        Self::OneRecovered,
        Self::OneSkipped,
        Self::AllAgain,
        Self::AllRecovered,
        Self::AllSkipped,
    ];

    /// What a call says of these records, by offset and attempt.
    fn of_call(self, records: &[(i64, u32)]) -> BatchOutcome {
        let first = records.iter().any(|(_, attempt)| *attempt == 1);
        let each = |fails: &dyn Fn(i64, u32) -> bool| {
            let failures = records.iter();
            let failures = failures.map(|(offset, attempt)| fails(*offset, *attempt).then(failure));
            BatchOutcome::Each(failures.collect::<Vec<Option<ListenerError>>>())
        };
        match self {
            Self::AllDone => BatchOutcome::Done,
            Self::OneAgain => each(&|offset, attempt| offset == 1 && attempt == 1),
            Self::OneRecovered | Self::OneSkipped => each(&|offset, _| offset == 1),
            Self::AllAgain if !first => BatchOutcome::Done,
            Self::AllAgain | Self::AllRecovered | Self::AllSkipped => {
                BatchOutcome::Failed(failure())
            }
        }
    }

    /// The offsets and attempts of all calls.
    fn calls(self) -> Vec<Records> {
        let all = |attempt| (0..4).map(|offset| (offset, attempt)).collect::<Vec<_>>();
        match self {
            Self::OneAgain => vec![all(1), vec![(1, 2)]],
            Self::AllAgain => vec![all(1), all(2)],
            _ => vec![all(1)],
        }
    }

    fn recovered(self) -> &'static [i64] {
        match self {
            Self::OneRecovered => &[1],
            Self::AllRecovered => &[0, 1, 2, 3],
            _ => &[],
        }
    }

    /// Those that are finished without an acknowledgement.
    fn finished(self) -> &'static [i64] {
        match self {
            Self::OneSkipped => &[1],
            Self::AllSkipped => &[0, 1, 2, 3],
            _ => self.recovered(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    Ack(AckMode),
    Auto,
}

/// The offsets and attempts of one call.
type Records = Vec<(i64, u32)>;
/// Where a record would be acknowledged.
type Token = (Arc<ConsumerContext>, AckToken);

/// What the handler was given.
#[derive(Clone, Default)]
struct Calls {
    records: Arc<Mutex<Vec<Records>>>,
    tokens: Arc<Mutex<Vec<Token>>>,
}

impl Calls {
    fn handler(&self, log: &Log, outcome: Outcome) -> Handler {
        let (calls, log) = (self.clone(), log.clone());
        Handler::Closure(Arc::new(move |mut delivery: Delivery| -> HandlerFuture {
            let mut records = Vec::new();
            for record in delivery.batch() {
                records.push((record.record().offset(), record.attempt()));
                let consumer = Arc::clone(&record.consumer);
                calls.tokens.lock().push((consumer, record.token));
            }
            calls.records.lock().push(records.clone());
            delivery.batch().for_each(|record| log.note(record));
            Box::pin(async move {
                delivery.set_outcome(outcome.of_call(&records));
                Finished {
                    delivery,
                    result: Ok(()),
                }
            })
        }))
    }

    /// The last token of a record.
    fn acknowledge(&self, offset: i64) {
        let tokens = self.tokens.lock();
        let mut of_record = tokens.iter().filter(|(_, token)| token.offset == offset);
        let (consumer, token) = of_record.next_back().unwrap();
        consumer.settle(*token, Verdict::Done).unwrap();
    }
}

fn plan(mode: Mode, outcome: Outcome, order: Order) -> Plan {
    let again = matches!(outcome, Outcome::OneAgain | Outcome::AllAgain);
    let skipped = matches!(outcome, Outcome::OneSkipped | Outcome::AllSkipped);
    Plan {
        batch: Some(BatchSpec {
            max: 4,
            linger: Duration::from_secs(3_600),
        }),
        order,
        parallelism: Some(8),
        ack_mode: match mode {
            Mode::Ack(mode) => mode,
            Mode::Auto => AckMode::Batch,
        },
        auto_commit: matches!(mode, Mode::Auto).then_some(INTERVAL),
        commit_count: 4,
        attempts: if again { 2 } else { 1 },
        delay: Duration::ZERO,
        last: if skipped {
            Action::Skip
        } else {
            Action::Recover
        },
        ..Plan::default()
    }
}

fn commits(rig: &Rig) -> Vec<i64> {
    let calls = rig.script.calls();
    let offsets = calls.iter().filter_map(|call| match call {
        Call::Commit(_, offset) => Some(*offset),
        _ => None,
    });
    offsets.collect()
}

async fn check(mode: Mode, outcome: Outcome, order: Order) {
    let case = format!("{mode:?}, {outcome:?}, {order:?}");
    let (calls, log) = (Calls::default(), Log::new());
    let handler = calls.handler(&log, outcome);
    let rig = plan(mode, outcome, order).run_with(handler);
    rig.script.event(SourceEvent::Assign(vec![0]));
    let keys = ["a", "b", "a", "b"].map(Some);
    rig.script.fill_with(0, (0..).zip(keys));
    log.reaches(outcome.calls().concat().len()).await;
    rig.quiet().await;
    assert_eq!(*calls.records.lock(), outcome.calls(), "{case}");
    assert_eq!(*rig.kept.offsets.lock(), outcome.recovered(), "{case}");
    let at_once = commits(&rig);
    match mode {
        Mode::Ack(AckMode::Record | AckMode::Batch) => {
            assert_eq!(at_once.last(), Some(&4), "{case}");
            assert!(at_once.is_sorted(), "{case}: {at_once:?}");
        }
        Mode::Ack(AckMode::Count | AckMode::CountTime) => assert_eq!(at_once, [4], "{case}"),
        Mode::Ack(AckMode::Time) | Mode::Auto => {
            assert_eq!(at_once, [] as [i64; 0], "{case}");
            rig.advance(INTERVAL).await;
            assert_eq!(commits(&rig), [4], "{case}");
        }
        Mode::Ack(AckMode::Manual | AckMode::ManualImmediate) => {
            check_manual(&rig, &calls, outcome, &case).await;
        }
    }
}

/// What was recovered or skipped is done without an acknowledgement; all else waits for its own,
/// in whatever order they come.
async fn check_manual(rig: &Rig, calls: &Calls, outcome: Outcome, case: &str) {
    let finished = outcome.finished();
    if finished.len() < 4 {
        assert_eq!(commits(rig), [] as [i64; 0], "{case}");
        let open = (1..4).rev().filter(|offset| !finished.contains(offset));
        open.for_each(|offset| calls.acknowledge(offset));
        rig.quiet().await;
        assert_eq!(commits(rig), [] as [i64; 0], "{case}: the first is open");
        calls.acknowledge(0);
    }
    rig.script.called(&Call::Commit(0, 4)).await;
    assert!(commits(rig).is_sorted(), "{case}");
}

#[tokio::test(start_paused = true)]
async fn every_mode_commits_batches_when_it_should_whatever_became_of_their_records() {
    let modes = AckMode::NAMES.map(|(_, mode)| Mode::Ack(mode));
    for mode in modes.into_iter().chain([Mode::Auto]) {
        for outcome in Outcome::ALL {
            for order in ORDERS {
                check(mode, outcome, order).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_in_part_holds_its_partition_back_and_no_other() {
    let (calls, log) = (Calls::default(), Log::new());
    let handler = calls.handler(&log, Outcome::OneAgain);
    let plan = plan(
        Mode::Ack(AckMode::Batch),
        Outcome::OneAgain,
        Order::Partition,
    );
    let rig = Plan {
        delay: Duration::from_secs(60),
        ..plan
    }
    .run_with(handler);
    rig.assign(&[(0, 4), (1, 4)]);
    log.reaches(8).await;
    rig.script.fill(0, 4..8);
    rig.quiet().await;
    assert_eq!(log.offsets(0), [0, 1, 2, 3], "the next batch waits");
    assert_eq!(log.offsets(1), [0, 1, 2, 3]);
    let before = commits(&rig);
    assert!(before.iter().all(|offset| *offset == 1), "{before:?}");
    rig.advance(Duration::from_secs(60)).await;
    assert_eq!(log.offsets(0), [0, 1, 2, 3, 1, 4, 5, 6, 7]);
    assert_eq!(log.offsets(1), [0, 1, 2, 3, 1]);
    for partition in [0, 1] {
        let end = if partition == 0 { 8 } else { 4 };
        rig.script.called(&Call::Commit(partition, end)).await;
    }
}
