//! A broker, a listener that writes down what it sees, and error handling by script.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::watch;

use crate::client::mock_cluster::MockCluster;
use crate::clock::Clock;
use crate::error::{
    Action, ErrorHandler, ErrorKind, ListenerError, Policy, Recover, RecoverFuture, Recovered,
};
use crate::listener::{
    AckMode, ContainerDeps, Delivery, Dispatch, Finished, Handler, HandlerFuture, Layers,
    ListenerContainer, ListenerEndpoint, Order,
};

/// A broker with one topic.
pub(crate) struct Broker {
    mock: Option<MockCluster>,
    pub(crate) bootstrap: String,
    pub(crate) topic: String,
    pub(crate) group: Arc<str>,
    producer: BaseProducer,
}

impl Broker {
    pub(crate) async fn with_topic(partitions: i32) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // `RUST_LOG=micro_kafka=debug` shows what a failing test did.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let topic = format!("t{}-{count}", std::process::id());
        let (mock, bootstrap) = match std::env::var("MICRO_KAFKA_TEST") {
            Ok(address) => {
                create_topic(&address, &topic, partitions).await;
                (None, address)
            }
            Err(_) => {
                let mock = MockCluster::start();
                mock.create_topic(&topic, partitions);
                let address = mock.bootstrap_servers();
                (Some(mock), address)
            }
        };
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &bootstrap)
            .set("linger.ms", "0")
            .create()
            .unwrap();
        Self {
            mock,
            bootstrap,
            group: format!("g-{topic}").into(),
            topic,
            producer,
        }
    }

    /// Sends numbers as text and waits until the broker has them.
    pub(crate) fn send(&self, partition: i32, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let payload = number.to_string();
            let record = BaseRecord::<(), _>::to(&self.topic);
            let record = record.partition(partition).payload(&payload);
            self.producer.send(record).unwrap();
        }
        self.producer.flush(Duration::from_secs(10)).unwrap();
    }

    /// The group's committed offset of a partition.
    pub(crate) fn committed(&self, partition: i32) -> Option<i64> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("group.id", &*self.group)
            .create()
            .unwrap();
        let mut asked = TopicPartitionList::new();
        asked.add_partition(&self.topic, partition);
        let told = consumer.committed_offsets(asked, Duration::from_secs(10));
        match told.unwrap().elements()[0].offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    /// Ends the mock; a real broker is not ours to stop.
    pub(crate) fn stop(&mut self) -> bool {
        self.mock.take().is_some()
    }

    /// Whether it is librdkafka's mock, whose groups refuse commits while they rebalance.
    pub(crate) fn is_mock(&self) -> bool {
        self.mock.is_some()
    }

    pub(crate) fn endpoint(&self, handler: Handler) -> ListenerEndpoint {
        // A broker asks for 6 s at least; the mock's rebalances last as long as the timeout.
        let session = if self.mock.is_some() { "2000" } else { "6000" };
        let properties = [
            ("bootstrap.servers", self.bootstrap.as_str()),
            ("session.timeout.ms", session),
            ("heartbeat.interval.ms", "300"),
            // The mock's fetches are not woken by a produce.
            ("fetch.wait.max.ms", "10"),
        ];
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        ListenerEndpoint {
            topic_pattern: None,
            topic_partitions: Vec::new(),
            send_to: None,
            info: None,
            batch: None,
            transaction: None,
            filter: None,
            id: "test".into(),
            topics: vec![self.topic.clone()],
            group_id: Arc::clone(&self.group),
            client_id: "test".to_owned(),
            concurrency: 1,
            auto_startup: true,
            missing_topics_fatal: false,
            order: Order::Partition,
            parallelism: None,
            dispatch: Dispatch::Inline,
            timeout: None,
            rate_limit: None,
            idempotent: None,
            breaker: None,
            quarantine: None,
            retry_budget: None,
            spans: false,
            metric_tags: crate::observe::MetricTags::default(),
            layers: Layers::default(),
            ack_mode: AckMode::Batch,
            auto_commit: None,
            sync_commits: None,
            max_uncommitted: 100_000,
            max_uncommitted_bytes: 64 << 20,
            read_bytes: 4 << 20,
            payload_limits: crate::codec::PayloadLimits::default(),
            commit_interval: Duration::from_secs(1),
            commit_count: 1_000,
            idle_event: None,
            idle_partition_event: None,
            revoke_drain: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(10),
            alarm: crate::config::AlarmSettings::default(),
            properties: properties.map(owned).into(),
            retry_topics: None,
            reads_retries: false,
            handler,
        }
    }
}

async fn create_topic(bootstrap: &str, topic: &str, partitions: i32) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()
        .unwrap();
    let topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let created = admin.create_topics(&[topic], &AdminOptions::new()).await;
    created.unwrap().remove(0).unwrap();
}

/// One call of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) attempt: u32,
}

/// What a handler saw, in order.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<watch::Sender<Vec<Seen>>>);

impl Log {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }

    pub(crate) fn note(&self, delivery: &Delivery) {
        let seen = Seen {
            partition: delivery.record().partition(),
            offset: delivery.record().offset(),
            attempt: delivery.attempt(),
        };
        self.0.send_modify(|all| all.push(seen));
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.0.borrow().clone()
    }

    /// The offsets of one partition, in the order of the calls.
    pub(crate) fn offsets(&self, partition: i32) -> Vec<i64> {
        let all = self.0.borrow();
        let of = all.iter().filter(|seen| seen.partition == partition);
        of.map(|seen| seen.offset).collect()
    }

    /// Waits for that many calls.
    pub(crate) async fn reaches(&self, calls: usize) {
        let mut log = self.0.subscribe();
        let reached = log.wait_for(|all| all.len() >= calls);
        let reached = tokio::time::timeout(Duration::from_secs(20), reached).await;
        let count = self.0.borrow().len();
        assert!(reached.is_ok(), "only {count} of {calls} calls arrived");
    }
}

/// A handler from a function of the delivery's place; the delivery comes back by itself.
pub(crate) fn handler<F, R>(log: &Log, handle: F) -> Handler
where
    F: Fn(Seen) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), ListenerError>> + Send + 'static,
{
    let (log, handle) = (log.clone(), Arc::new(handle));
    Handler::Closure(Arc::new(move |delivery| -> HandlerFuture {
        let (log, handle) = (log.clone(), Arc::clone(&handle));
        Box::pin(async move {
            let seen = Seen {
                partition: delivery.record().partition(),
                offset: delivery.record().offset(),
                attempt: delivery.attempt(),
            };
            log.note(&delivery);
            let result = handle(seen).await;
            Finished { delivery, result }
        })
    }))
}

/// An error handler that retries up to a number of attempts, then recovers.
#[derive(Debug)]
pub(crate) struct Retries {
    pub(crate) attempts: u32,
    pub(crate) delay: Duration,
    pub(crate) last: Action,
}

impl ErrorHandler for Retries {
    fn handle(&self, delivery: &Delivery, _error: &ListenerError) -> Action {
        if delivery.attempt() < self.attempts {
            Action::RetryAfter(self.delay)
        } else {
            self.last
        }
    }
}

/// A recoverer that keeps what it gets, after failing a number of times.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) failures: AtomicU32,
    pub(crate) offsets: Mutex<Vec<i64>>,
}

impl Kept {
    pub(crate) fn failing(times: u32) -> Arc<Self> {
        Arc::new(Self {
            failures: times.into(),
            offsets: Mutex::default(),
        })
    }
}

/// The recoverer's handle.
#[derive(Debug)]
pub(crate) struct Keep(pub(crate) Arc<Kept>);

impl Recover for Keep {
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        let kept = Arc::clone(&self.0);
        Box::pin(async move {
            tokio::task::yield_now().await;
            let left = kept.failures.load(Ordering::Relaxed);
            if left > 0 {
                kept.failures.store(left - 1, Ordering::Relaxed);
                return (delivery, error, Err("the dead-letter topic is away".into()));
            }
            kept.offsets.lock().push(delivery.record().offset());
            (delivery, error, Ok(Recovered::DeadLettered))
        })
    }
}

pub(crate) fn deps(clock: Clock, errors: Retries, kept: &Arc<Kept>) -> ContainerDeps {
    ContainerDeps {
        interceptors: crate::listener::Interceptors::default(),
        failure_hooks: crate::listener::FailureHooks::default(),
        layers: Layers::default(),
        clock,
        fences: None,
        warden: Arc::default(),
        states: Arc::default(),
        error_handler: Arc::new(errors),
        recoverer: Arc::new(Keep(Arc::clone(kept))),
        rebalance_listener: None,
        propagation: None,
        namespace: "".into(),
        runtime: tokio::runtime::Handle::current(),
    }
}

/// An error without a policy.
pub(crate) fn failure() -> ListenerError {
    let kind = ErrorKind::Handler;
    ListenerError::new(kind, "as planned".into(), "test", None, Policy::Inherit)
}

/// Dependencies of a listener whose records never fail.
pub(crate) fn plain_deps() -> ContainerDeps {
    let errors = Retries {
        attempts: 1,
        delay: Duration::ZERO,
        last: Action::Stop,
    };
    deps(Clock::system(), errors, &Kept::failing(0))
}

pub(crate) fn started(endpoint: ListenerEndpoint) -> ListenerContainer {
    let container = ListenerContainer::new(endpoint, plain_deps());
    container.start().unwrap();
    container
}
