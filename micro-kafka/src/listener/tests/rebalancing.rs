use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::support::{Broker, Log, handler, started};

/// Members come and go beside steady traffic: every record is handled, and with drained handlers
/// and committed revocations none twice.
async fn members_come_and_go(key: &str, value: &str) {
    let broker = Broker::with_topic(6).await;
    let log = Log::new();
    let endpoint = || {
        let handler = handler(&log, async |_| {
            tokio::time::sleep(Duration::from_millis(2)).await;
            Ok(())
        });
        let mut endpoint = broker.endpoint(handler);
        endpoint.properties.push((key.into(), value.into()));
        if key == "group.protocol" {
            let classic = ["session.timeout.ms", "heartbeat.interval.ms"];
            endpoint
                .properties
                .retain(|(key, _)| !classic.contains(&&**key));
        }
        endpoint
    };
    let send = |round: u32| {
        for partition in 0..6 {
            broker.send(partition, round * 40..round * 40 + 40);
        }
    };
    let first = started(endpoint());
    let assigned = tokio::time::timeout(Duration::from_secs(30), first.assigned(6)).await;
    assert!(assigned.is_ok(), "the broker does not know the protocol");
    send(0);
    let second = started(endpoint());
    second.assigned(2).await;
    send(1);
    let third = started(endpoint());
    third.assigned(1).await;
    send(2);
    let stopped = second.stop().await;
    assert_eq!(stopped.abandoned, 0);
    send(3);
    first.stop().await;
    third.assigned(6).await;
    send(4);
    log.reaches(6 * 200).await;
    third.quiet().await;
    third.stop().await;
    for partition in 0..6 {
        let offsets = log.offsets(partition);
        let distinct = offsets.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!(distinct, (0..200).collect(), "partition {partition}");
        if !broker.is_mock() {
            assert_eq!(offsets.len(), 200, "partition {partition}: handled twice");
            assert!(offsets.is_sorted(), "partition {partition}");
        }
        assert_eq!(broker.committed(partition), Some(200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cooperative_members_come_and_go() {
    members_come_and_go("partition.assignment.strategy", "cooperative-sticky").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eager_members_come_and_go() {
    // The mock refuses commits while an eager group rebalances; a broker takes them.
    if std::env::var("MICRO_KAFKA_TEST").is_ok() {
        members_come_and_go("partition.assignment.strategy", "range").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_the_next_generation_protocol_come_and_go() {
    // librdkafka says nothing where a broker does not know the protocol, so it has to be told.
    let known = std::env::var("MICRO_KAFKA_TEST_KIP848").is_ok();
    if known && std::env::var("MICRO_KAFKA_TEST").is_ok() {
        members_come_and_go("group.protocol", "consumer").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_slower_than_the_poll_interval_keeps_its_partitions() {
    let broker = Broker::with_topic(1).await;
    let log = Log::new();
    // The broker's least session timeout; a shorter one ends by itself on a busy machine.
    let limit = 6_000;
    let handler = handler(&log, move |_| async move {
        tokio::time::sleep(Duration::from_millis(limit * 2)).await;
        Ok(())
    });
    let mut endpoint = broker.endpoint(handler);
    for key in ["session.timeout.ms", "max.poll.interval.ms"] {
        endpoint.properties.push((key.into(), limit.to_string()));
    }
    let heartbeat = ("heartbeat.interval.ms".into(), (limit / 5).to_string());
    endpoint.properties.push(heartbeat);
    let container = started(endpoint);
    container.assigned(1).await;
    let mut assignment = container.assignment();
    assignment.mark_unchanged();
    broker.send(0, 0..1);
    log.reaches(1).await;
    container.quiet().await;
    assert!(
        !assignment.has_changed().unwrap(),
        "the partition was taken away"
    );
    assert_eq!(log.offsets(0), [0]);
    assert_eq!(broker.committed(0), Some(1));
    container.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_members_give_up_in_the_middle() {
    let broker = Broker::with_topic(4).await;
    let (log, done) = (Log::new(), Arc::new(Mutex::new(BTreeSet::new())));
    let member = || {
        let done = Arc::clone(&done);
        let handler = handler(&log, move |seen| {
            let done = Arc::clone(&done);
            async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                done.lock().insert((seen.partition, seen.offset));
                Ok(())
            }
        });
        started(broker.endpoint(handler))
    };
    let (mut sent, mut last) = (0, member());
    for round in 0..4 {
        last.assigned(1).await;
        let before = log.all().len();
        for partition in 0..4 {
            broker.send(partition, sent..sent + 50);
        }
        sent += 50;
        log.reaches(before + 40).await;
        // It lets go of what is in flight; every other time beside a member that stays.
        let next = member();
        if round % 2 == 0 {
            next.assigned(1).await;
        }
        drop(std::mem::replace(&mut last, next));
    }
    last.assigned(4).await;
    last.quiet().await;
    last.stop().await;
    let all = (0..4).flat_map(|partition| (0..i64::from(sent)).map(move |o| (partition, o)));
    let lost = all.filter(|place| !done.lock().contains(place));
    assert_eq!(lost.collect::<Vec<_>>(), []);
    for partition in 0..4 {
        assert_eq!(broker.committed(partition), Some(i64::from(sent)));
    }
}
