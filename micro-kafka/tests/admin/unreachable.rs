//! A broker that is not there.

use std::time::{Duration, Instant};

use micro_kafka::admin::AdminError;
use rdkafka::mocking::MockCluster;

use crate::support::admin;

#[tokio::test]
async fn without_a_broker_the_deadline_is_kept_and_the_topic_named() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.broker_down(1).unwrap();
    let admin = admin(&cluster.bootstrap_servers(), "").timeout(Duration::from_millis(300));
    let started = Instant::now();
    let error = admin.partition_count("orders").await.unwrap_err();
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    assert!(
        matches!(&error, AdminError::TimedOut { resource, .. } if resource == "orders"),
        "{error:?}"
    );
}
