//! The thread of a scheduler, which replaces a consumer that is beyond help.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::DelayedStats;
use super::forward::Forwarder;
use super::reader::Reader;
use super::scheduler::{Command, Scheduler, Seat};
use super::stats::Gauges;
use crate::client::{ClientError, KafkaConsumer};
use crate::clock::Clock;
use crate::observe::MetricTags;
use crate::template::KafkaTemplate;

/// Between a consumer that is beyond help and the next one; it doubles from there.
const WAIT: Duration = Duration::from_secs(1);
const DOUBLINGS: u32 = 5;
/// What a stop may take beside its drain.
const LEAVE: Duration = Duration::from_secs(10);

/// What a scheduler is made from.
#[derive(Debug, Clone)]
pub(crate) struct DelayedSettings {
    /// As the broker knows it.
    pub(crate) topic: String,
    /// Those of its consumer, the group among them.
    pub(crate) properties: Vec<(String, String)>,
    /// The most bytes of records in memory.
    pub(crate) memory: usize,
    pub(crate) clock: Clock,
    /// Tags of its figures.
    pub(crate) metric_tags: MetricTags,
}

/// What its consumer has whatever the settings say: it must see all that is committed, and nothing
/// else, and keeps in memory itself what it needs.
const FIXED: [(&str, &str); 4] = [
    ("auto.offset.reset", "earliest"),
    ("isolation.level", "read_committed"),
    ("queued.max.messages.kbytes", "4096"),
    ("fetch.message.max.bytes", "1048576"),
];

/// A scheduler at work; it stops when it is dropped.
#[derive(Debug)]
pub(crate) struct DelayedWorker {
    commands: mpsc::UnboundedSender<Command>,
    gauges: Arc<Gauges>,
    ended: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
}

impl DelayedWorker {
    /// Joins the group and begins.
    pub(crate) fn start(
        settings: DelayedSettings,
        kafka: &KafkaTemplate,
        runtime: &Handle,
    ) -> Result<Self, ClientError> {
        let DelayedSettings {
            topic,
            mut properties,
            memory,
            clock,
            metric_tags,
        } = settings;
        properties.retain(|(name, _)| name != "group.instance.id");
        properties.extend(FIXED.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let gauges = Arc::new(Gauges::new(&topic, &metric_tags));
        let seat = Seat {
            clock,
            forwarder: Forwarder::new(kafka, &topic),
            reader: Reader::new(properties.clone(), &topic),
            gauges: Arc::clone(&gauges),
            memory,
        };
        let topics = [topic];
        let first = KafkaConsumer::subscribe(&properties, &topics)?;
        let (commands, mut received) = mpsc::unbounded_channel();
        let (ended, wait) = oneshot::channel();
        let runtime = runtime.clone();
        let [topic] = topics;
        thread::Builder::new()
            .name("kafka-delayed".into())
            .spawn(move || {
                let connect =
                    || KafkaConsumer::subscribe(&properties, std::slice::from_ref(&topic));
                runtime.block_on(run(&seat, first, &mut received, connect));
                let _ = ended.send(());
            })
            .map_err(|error| ClientError::Create(error.to_string()))?;
        Ok(Self {
            commands,
            gauges,
            ended: tokio::sync::Mutex::new(Some(wait)),
        })
    }

    pub(crate) fn stats(&self) -> DelayedStats {
        self.gauges.read()
    }

    /// Waits until all that was sent before is forwarded or waits for a time to come.
    pub(crate) async fn quiet(&self) {
        loop {
            let (answer, answered) = oneshot::channel();
            if self.commands.send(Command::Quiet(answer)).is_err() || answered.await.is_ok() {
                return;
            }
            // Its consumer was replaced.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends what is on its way, at most for `drain`, and leaves the group.
    pub(crate) async fn stop(&self, drain: Duration) {
        let _ = self.commands.send(Command::Stop(drain));
        if let Some(ended) = &mut *self.ended.lock().await
            && timeout(drain.saturating_add(LEAVE), ended).await.is_err()
        {
            tracing::warn!("the scheduler of delayed sends did not stop in time");
        }
    }
}

async fn run(
    seat: &Seat,
    first: KafkaConsumer,
    commands: &mut mpsc::UnboundedReceiver<Command>,
    connect: impl Fn() -> Result<KafkaConsumer, ClientError>,
) {
    let mut consumer = Some(first);
    let mut attempt = 0;
    loop {
        let ran = match consumer.take().map_or_else(&connect, Ok) {
            Ok(consumer) => Scheduler::new(seat, consumer, commands).run().await,
            Err(error) => Err(error.to_string()),
        };
        let Err(reason) = ran else {
            return;
        };
        let wait = WAIT * (1 << attempt);
        attempt = (attempt + 1).min(DOUBLINGS);
        tracing::error!(reason, ?wait, "the scheduler of delayed sends begins anew");
        seat.gauges.set_trouble(Some(reason));
        if is_stopped_within(commands, wait).await {
            return;
        }
    }
}

async fn is_stopped_within(
    commands: &mut mpsc::UnboundedReceiver<Command>,
    wait: Duration,
) -> bool {
    let until = tokio::time::Instant::now() + wait;
    loop {
        match tokio::time::timeout_at(until, commands.recv()).await {
            Err(_elapsed) => return false,
            Ok(None | Some(Command::Stop(_))) => return true,
            // Dropped: the asker asks again.
            Ok(Some(Command::Quiet(_))) => {}
        }
    }
}
