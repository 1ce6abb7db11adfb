//! A Kafka for one test.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Duration;

use micro_kafka::admin::{AdminError, KafkaAdmin, NewTopic};
use micro_kafka::app::RunningApp;
use micro_kafka::clock::Clock;
use micro_kafka::codec::ToPayload;
use micro_kafka::config::{Config, parse_duration};
use micro_kafka::listener::ListenerContainer;
use micro_kafka::record::OwnedRecord;
use micro_kafka::template::{KafkaTemplate, TemplateConfig};
use parking_lot::Mutex;

use crate::app::TestAppBuilder;
use crate::dead_letters::DeadLetters;
use crate::deadline::{DEADLINE, fail};
use crate::reader::{ReadError, TopicReader};
use crate::records::arrived;
use crate::send::TestSend;
use crate::show;
use crate::target::Target;

/// How often the kit looks again at what nothing announces.
const POLL: Duration = Duration::from_millis(2);
/// How long a topic that was created may be unknown.
const KNOWN: Duration = Duration::from_secs(5);

/// A Kafka that cannot be started for a test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The embedded broker did not start.
    #[error("the embedded broker did not start")]
    Broker(#[source] micro_kafka_broker::StartError),
    /// The kit's own clients could not be made.
    #[error("{0}")]
    Client(String),
    /// The topics could not be created.
    #[error("the topics could not be created")]
    Topics(#[source] AdminError),
}

/// A Kafka for one test: an embedded broker on a port of its own, or, if `MICRO_KAFKA_TEST` names
/// one, a part of another Kafka that is this test's alone.
///
/// Cheap to clone; the broker ends with the last clone.
#[derive(Debug, Clone)]
pub struct EmbeddedKafka {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) clock: Clock,
    pub(crate) apps: Mutex<Vec<Weak<RunningApp>>>,
    readers: Mutex<HashMap<String, Arc<TopicReader>>>,
    template: KafkaTemplate,
    target: Target,
    pub(crate) config: String,
}

/// What a test's Kafka starts with; see [`EmbeddedKafka::builder`].
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `start`"]
pub struct EmbeddedKafkaBuilder {
    topics: Vec<(String, u32)>,
    auto_create: bool,
    config: String,
}

impl EmbeddedKafkaBuilder {
    /// A topic with so many partitions.
    pub fn topic(mut self, name: impl Into<String>, partitions: u32) -> Self {
        self.topics.push((name.into(), partitions));
        self
    }

    /// Whether the embedded broker creates topics that clients ask for; default no.
    pub fn auto_create(mut self, create: bool) -> Self {
        self.auto_create = create;
        self
    }

    /// Settings of this test's applications, in TOML.
    pub fn config(mut self, toml: impl Into<String>) -> Self {
        self.config = toml.into();
        self
    }

    /// Starts the broker and creates the topics.
    ///
    /// # Errors
    /// If the broker does not start, or a topic cannot be created.
    pub async fn start(self) -> Result<EmbeddedKafka, StartError> {
        let (target, has_topics) = Target::start(&self.topics, self.auto_create)?;
        let settings = settings(&target)?;
        let template = KafkaTemplate::new(TemplateConfig::from(&settings))
            .map_err(|error| StartError::Client(error.to_string()))?;
        let inner = Inner {
            clock: Clock::adjustable(),
            apps: Mutex::default(),
            readers: Mutex::default(),
            template,
            target,
            config: self.config,
        };
        let kafka = EmbeddedKafka {
            inner: Arc::new(inner),
        };
        if !has_topics {
            kafka.create(&self.topics).await?;
        }
        Ok(kafka)
    }
}

fn settings(target: &Target) -> Result<Config, StartError> {
    let mut builder = Config::builder()
        .set("kafka.bootstrap-servers", target.bootstrap_servers())
        .set("kafka.producer.linger", "0ms");
    if let Some(namespace) = target.namespace() {
        builder = builder.set("kafka.namespace", namespace);
    }
    builder
        .build()
        .map_err(|errors| StartError::Client(errors.to_string()))
}

impl EmbeddedKafka {
    /// Chooses topics before starting.
    pub fn builder() -> EmbeddedKafkaBuilder {
        EmbeddedKafkaBuilder::default()
    }

    /// Starts without topics.
    ///
    /// # Errors
    /// If the broker does not start.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Where clients connect to.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        self.inner.target.bootstrap_servers()
    }

    /// The name by which the broker knows a topic or group of this test.
    #[must_use]
    pub fn wire_name(&self, name: &str) -> String {
        match self.inner.target.namespace() {
            Some(namespace) => format!("{namespace}.{name}"),
            None => name.to_owned(),
        }
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        self.inner.target.namespace()
    }

    /// A template that sends to this Kafka.
    #[must_use]
    pub fn template(&self) -> &KafkaTemplate {
        &self.inner.template
    }

    /// Administration of this Kafka.
    #[must_use]
    pub fn admin(&self) -> KafkaAdmin {
        self.inner.template.admin()
    }

    /// The clock of this test's applications: it runs as the system's does, and jumps by
    /// [`EmbeddedKafka::advance`].
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// An application on this Kafka; only the listeners that are named run.
    #[track_caller]
    pub fn app(&self) -> TestAppBuilder {
        TestAppBuilder::new(self.clone(), Location::caller())
    }

    /// Creates a topic.
    ///
    /// # Panics
    /// If it cannot be created.
    #[track_caller]
    pub fn create_topic(&self, name: &str, partitions: u32) -> impl Future<Output = ()> + '_ {
        let (place, topics) = (Location::caller(), [(name.to_owned(), partitions)]);
        async move {
            if let Err(error) = self.create(&topics).await {
                fail(place, &show::chain(&error));
            }
        }
    }

    async fn create(&self, topics: &[(String, u32)]) -> Result<(), StartError> {
        if topics.is_empty() {
            return Ok(());
        }
        let new: Vec<_> = topics
            .iter()
            .map(|(name, count)| NewTopic::new(name).partitions(*count))
            .collect();
        let admin = self.admin();
        admin
            .create_topics(&new)
            .await
            .map_err(StartError::Topics)?;
        let names: Vec<&str> = topics.iter().map(|(name, _)| name.as_str()).collect();
        let asked = std::time::Instant::now();
        // Whoever asks for a topic next shall find it.
        while asked.elapsed() < KNOWN {
            let known = admin.partition_counts(&names).await;
            let known = known.map_err(StartError::Topics)?;
            if known.values().all(Option::is_some) {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Sends a record; awaiting it waits for the broker's acknowledgement.
    ///
    /// # Panics
    /// When awaited, if the broker does not take the record.
    #[track_caller]
    pub fn send(&self, topic: &str, payload: impl ToPayload) -> TestSend {
        TestSend::new(self.inner.template.send(topic, payload), Location::caller())
    }

    /// Waits until a topic holds at least `count` records and returns all of them: in order within
    /// a partition.
    ///
    /// # Panics
    /// After 20 s, with what did arrive.
    #[track_caller]
    pub fn records(
        &self,
        topic: &str,
        count: usize,
    ) -> impl Future<Output = Vec<Arc<OwnedRecord>>> + '_ {
        let (place, seen) = (
            Location::caller(),
            self.reader(topic, Location::caller()).seen(),
        );
        async move {
            arrived(seen, count)
                .await
                .unwrap_or_else(|message| fail(place, &message))
        }
    }

    /// All that a topic holds at this moment.
    ///
    /// # Panics
    /// If it cannot be read.
    #[track_caller]
    #[must_use]
    pub fn records_now(&self, topic: &str) -> Vec<Arc<OwnedRecord>> {
        let place = Location::caller();
        let reader = self.reader(topic, place);
        let read = || match known(|| reader.end(), |_| true) {
            Ok(end) => tokio::runtime::Handle::current().block_on(arrived(reader.seen(), end)),
            Err(error) => Err(show::chain(&error)),
        };
        tokio::task::block_in_place(read).unwrap_or_else(|message| fail(place, &message))
    }

    /// The dead letters of a topic's records at this moment: what `<topic>-dlt` holds.
    ///
    /// # Panics
    /// If the topic cannot be read.
    #[track_caller]
    #[must_use]
    pub fn dlt(&self, topic: &str) -> DeadLetters {
        DeadLetters::new(self.records_now(&format!("{topic}-dlt")))
    }

    #[track_caller]
    fn reader(&self, topic: &str, place: &'static Location<'static>) -> Arc<TopicReader> {
        let wire_name = self.wire_name(topic);
        let mut readers = self.inner.readers.lock();
        if let Some(reader) = readers.get(&wire_name) {
            return Arc::clone(reader);
        }
        let start = || TopicReader::start(&self.bootstrap_servers(), &wire_name);
        match tokio::task::block_in_place(|| known(start, ReadError::is_unknown_topic)) {
            Ok(reader) => Arc::clone(readers.entry(wire_name).or_insert(Arc::new(reader))),
            Err(error) => fail(place, &show::chain(&error)),
        }
    }

    /// The offsets that a group has committed for a topic, by partition.
    ///
    /// # Panics
    /// If the broker does not answer.
    #[track_caller]
    pub fn committed(
        &self,
        group: &str,
        topic: &str,
    ) -> impl Future<Output = BTreeMap<i32, i64>> + '_ {
        let (place, group, topic) = (Location::caller(), group.to_owned(), topic.to_owned());
        async move {
            match self.committed_now(&group, &topic).await {
                Ok(offsets) => offsets,
                Err(error) => fail(place, &show::chain(&error)),
            }
        }
    }

    async fn committed_now(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<BTreeMap<i32, i64>, AdminError> {
        let committed = self.admin().committed_offsets(group).await?;
        let of_topic = committed
            .into_iter()
            .filter(|(place, _)| place.topic == topic);
        Ok(of_topic
            .map(|(place, offset)| (place.partition, offset))
            .collect())
    }

    /// Moves the applications' clock: waits until every sent record is handled or waits for a
    /// time, goes to the next due time, and so on until `duration` (as in `"10m"`) is spent.
    ///
    /// # Panics
    /// If `duration` is none, or if a handler does not finish within 20 s.
    #[track_caller]
    pub fn advance(&self, duration: &str) -> impl Future<Output = ()> + '_ {
        let place = Location::caller();
        let duration = match parse_duration(duration) {
            Ok(duration) => duration,
            Err(error) => fail(place, &format!("`{duration}`: {error}")),
        };
        self.advance_by(duration, place)
    }

    async fn advance_by(&self, duration: Duration, place: &'static Location<'static>) {
        let clock = &self.inner.clock;
        let target = clock.now() + duration;
        self.quiet(place).await;
        while let Some(due) = clock.next_due().filter(|due| *due <= target) {
            clock.advance_to(due);
            self.quiet(place).await;
        }
        if clock.now() < target {
            clock.advance_to(target);
            self.quiet(place).await;
        }
    }

    async fn quiet(&self, place: &'static Location<'static>) {
        let apps: Vec<_> = self
            .inner
            .apps
            .lock()
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for app in apps {
            let quiet = async {
                for container in app
                    .containers()
                    .iter()
                    .filter(|container| container.is_running())
                {
                    self.group_quiet(container).await;
                }
            };
            if tokio::time::timeout(DEADLINE, quiet).await.is_err() {
                let progress = app.progress().await;
                fail(
                    place,
                    &format!("the listeners are still at work after {DEADLINE:?}: {progress:?}"),
                );
            }
        }
    }

    /// Waits until all partitions of a listener's topics are assigned to this test's consumers:
    /// while they move from one to another, nobody has them.
    pub(crate) async fn whole(&self, container: &ListenerContainer) {
        while !self.is_whole(container).await {
            tokio::time::sleep(POLL).await;
        }
    }

    async fn is_whole(&self, container: &ListenerContainer) -> bool {
        let endpoint = container.endpoint();
        let admin = self.admin().with_wire_names();
        let topics: Vec<&str> = endpoint.topics.iter().map(String::as_str).collect();
        let Ok(counts) = admin.partition_counts(&topics).await else {
            return false;
        };
        let by_hand = endpoint.topic_partitions.iter();
        let by_hand = by_hand.map(|own| own.partitions.len()).sum::<usize>();
        let there: usize = match by_hand {
            0 => counts.values().flatten().map(|count| *count as usize).sum(),
            by_hand => by_hand,
        };
        let apps: Vec<_> = self
            .inner
            .apps
            .lock()
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        let members = apps.iter().flat_map(|app| app.containers());
        let group: Vec<_> = members
            .filter(|member| member.endpoint().group_id == endpoint.group_id)
            .collect();
        let assigned = group
            .iter()
            .flat_map(|member| member.assignment().borrow().clone());
        let assigned = assigned
            .filter(|partition| topics.contains(&&*partition.topic))
            .count();
        assigned >= there && (topics.len() > 1 || all_have_joined(&group, there))
    }

    /// Waits until a listener has nothing left to do, with its whole group in place before and
    /// after.
    pub(crate) async fn group_quiet(&self, container: &ListenerContainer) {
        loop {
            self.whole(container).await;
            let before = container.assignment().borrow().clone();
            container.quiet().await;
            if self.is_whole(container).await && *container.assignment().borrow() == before {
                return;
            }
        }
    }
}

/// Asks until the topic is known, blocking: a broker may tell of a new one, and of its leaders, a
/// moment after its creation.
fn known<T>(
    mut ask: impl FnMut() -> Result<T, ReadError>,
    is_unknown: impl Fn(&ReadError) -> bool,
) -> Result<T, ReadError> {
    let asked = std::time::Instant::now();
    loop {
        match ask() {
            Err(error) if is_unknown(&error) && asked.elapsed() < KNOWN => {
                tokio::runtime::Handle::current().block_on(tokio::time::sleep(POLL));
            }
            answer => return answer,
        }
    }
}

/// Whether each consumer has one of the topic's partitions, as far as they go round: who has none
/// is still to come, and will have some taken from the others.
fn all_have_joined(group: &[&ListenerContainer], partitions: usize) -> bool {
    let running = group.iter().filter(|member| member.is_running());
    let (mut consumers, mut busy) = (0, 0);
    for member in running {
        consumers += member.endpoint().concurrency as usize;
        let assigned = member.assignment().borrow().clone();
        let holders: BTreeSet<u32> = assigned.iter().map(|part| part.consumer).collect();
        busy += holders.len();
    }
    busy >= consumers.min(partitions)
}
