//! The recoverer that publishes to the dead-letter topic.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

use super::destination::{Destination, Router, ToPartition};
use super::headers::{self, Texts};
use super::rules::HeaderRules;
use crate::error::{ListenerError, LoggingRecoverer, Recover, RecoverFuture, Recovered};
use crate::listener::Delivery;
use crate::template::{KafkaTemplate, SendError, SendResult};

/// What the source topic's name is followed by, as in Spring Kafka.
pub const DEAD_LETTER_SUFFIX: &str = "-dlt";
/// Longer names of topics are refused by brokers.
const LONGEST_NAME: usize = 249;

/// A dead-letter topic that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeadLetterError {
    /// Dead letters would be read and fail again, for ever.
    #[error("topic `{topic}` is its own dead-letter topic: choose another name for it")]
    SameTopic {
        /// The topic, as the broker knows it.
        topic: String,
    },
    /// No topic can have that name.
    #[error(
        "the dead-letter topic of `{source_topic}` would be `{topic}`, longer than the 249 \
         characters that a name may have: choose a shorter one"
    )]
    TooLong {
        /// The source topic, as the broker knows it.
        source_topic: String,
        /// The dead-letter topic, as the broker would know it.
        topic: String,
    },
}

/// Publishes a record that failed for good to `<topic>-dlt`: the counterpart of Spring's
/// `DeadLetterPublishingRecoverer`.
///
/// The dead letter has the record's key and payload, byte for byte, on the same partition if the
/// dead-letter topic has it, else where the partitioner puts the key. Its timestamp is its own, so
/// that retention does not delete the letter of an old record at once; the record's is in a
/// header. To the record's headers come those of Spring Kafka — an earlier failure's
/// `exception-*` are replaced, its `original-*` kept before the new ones — and others that begin
/// with `mk-`; [`HeaderRules`] may leave some out. `original-topic` and `original-consumer-group` are names as the
/// broker knows them, namespace included.
///
/// The recovery succeeds once the broker acknowledged the letter, so the offset is never
/// committed before.
#[derive(Debug, Clone)]
pub struct DeadLetterPublishingRecoverer {
    kafka: KafkaTemplate,
    topic: Option<String>,
    router: Option<Router>,
    rules: HeaderRules,
    /// The topics that are known to exist, if they are created when they are needed.
    created: Option<Arc<Mutex<HashSet<String>>>>,
}

impl DeadLetterPublishingRecoverer {
    /// Publishes by that template, to `<topic>-dlt`.
    #[must_use]
    pub fn new(kafka: &KafkaTemplate) -> Self {
        Self {
            kafka: kafka.prompt_with_wire_names(),
            topic: None,
            router: None,
            rules: HeaderRules::default(),
            created: None,
        }
    }

    /// Publishes to that topic instead, whatever the source; `topic` as the broker knows it,
    /// namespace included.
    #[must_use]
    pub fn to_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// Publishes where `choose` says, by record and error; `None` gives the record up, with a line
    /// in the log. Topics that are missing are created when they are needed, as wide as the source.
    #[must_use]
    pub fn routed(
        mut self,
        choose: impl Fn(&Delivery, &ListenerError) -> Option<Destination> + Send + Sync + 'static,
    ) -> Self {
        self.router = Some(Router::new(choose));
        self.creating()
    }

    /// Writes headers by these rules.
    #[must_use]
    pub fn headers(mut self, rules: HeaderRules) -> Self {
        self.rules = rules;
        self
    }

    /// Creates dead-letter topics when they are needed: for sources that nobody knows before.
    #[must_use]
    pub(crate) fn creating(mut self) -> Self {
        self.created = Some(Arc::default());
        self
    }

    /// The dead-letter topic of a source topic, both as the broker knows them.
    ///
    /// # Errors
    /// If there can be no such topic; to be found out before anything starts.
    pub fn destination(&self, source: &str) -> Result<String, DeadLetterError> {
        let topic = match &self.topic {
            Some(topic) => topic.clone(),
            None => format!("{source}{DEAD_LETTER_SUFFIX}"),
        };
        check(source, &topic)?;
        Ok(topic)
    }

    /// Where the letter of that delivery goes, if anywhere.
    fn choose(
        &self,
        delivery: &Delivery,
        error: &ListenerError,
    ) -> Result<Option<Destination>, DeadLetterError> {
        let source = delivery.record().topic();
        let Some(router) = &self.router else {
            return self.destination(source).map(Destination::topic).map(Some);
        };
        let Some(chosen) = router.choose(delivery, error) else {
            return Ok(None);
        };
        check(source, &chosen.topic)?;
        Ok(Some(chosen))
    }

    async fn publish(
        &self,
        to: &Destination,
        delivery: &Delivery,
        error: &ListenerError,
    ) -> Result<SendResult, SendError> {
        let mut partition = match to.partition {
            ToPartition::Same => Some(delivery.record().partition()),
            ToPartition::ByKey => None,
            ToPartition::Number(number) => Some(number),
        };
        let mut texts = Texts::Full;
        loop {
            let topic = &to.topic;
            match self.send(topic, delivery, error, partition, texts).await {
                Err(SendError::UnknownPartition { .. }) if partition.is_some() => partition = None,
                Err(SendError::TooLarge { .. }) if texts == Texts::Full => texts = Texts::None,
                result => return result,
            }
        }
    }

    /// Creates the dead-letter topic of a source that was found by a pattern, before its first
    /// letter: a send to a missing topic would be told so after half a minute.
    async fn create(&self, source: &str, topic: &str) {
        let Some(known) = self
            .created
            .as_ref()
            .filter(|known| !known.lock().contains(topic))
        else {
            return;
        };
        let admin = self.kafka.admin();
        match admin.ensure_dead_letter_topics(&[(source, topic)]).await {
            Ok(_) => {
                known.lock().insert(topic.to_owned());
            }
            // The send tells it in its own way.
            Err(error) => tracing::warn!(topic, %error, "a dead-letter topic cannot be created"),
        }
    }

    async fn send(
        &self,
        topic: &str,
        delivery: &Delivery,
        error: &ListenerError,
        partition: Option<i32>,
        texts: Texts,
    ) -> Result<SendResult, SendError> {
        let record = delivery.record();
        let mut send = delivery
            .copy_in_transaction(topic)
            .unwrap_or_else(|| self.kafka.send_bytes(topic, record.payload()));
        if let Some(key) = record.key() {
            send = send.key(key);
        }
        if let Some(partition) = partition {
            send = send.partition(partition);
        }
        for header in headers::of(delivery, error, &self.rules, texts) {
            send = send.header_bytes(&header.name, header.value.as_deref());
        }
        send.await
    }
}

impl Recover for DeadLetterPublishingRecoverer {
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        let recoverer = self.clone();
        Box::pin(async move {
            let to = match recoverer.choose(&delivery, &error) {
                Ok(Some(to)) => to,
                Ok(None) => return LoggingRecoverer.recover(delivery, error).await,
                Err(wrong) => return (delivery, error, Err(wrong.into())),
            };
            let source = delivery.record().topic().to_owned();
            recoverer.create(&source, &to.topic).await;
            let result = match recoverer.publish(&to, &delivery, &error).await {
                Ok(sent) => {
                    published(&delivery, &sent);
                    Ok(Recovered::DeadLettered)
                }
                Err(failed) => Err(failed.into()),
            };
            (delivery, error, result)
        })
    }
}

/// Whether a source's dead letters may go to that topic.
fn check(source: &str, topic: &str) -> Result<(), DeadLetterError> {
    let topic = topic.to_owned();
    if topic == source {
        return Err(DeadLetterError::SameTopic { topic });
    }
    if topic.len() > LONGEST_NAME {
        return Err(DeadLetterError::TooLong {
            source_topic: source.into(),
            topic,
        });
    }
    Ok(())
}

fn published(delivery: &Delivery, sent: &SendResult) {
    tracing::info!(
        listener = &*delivery.listener().id,
        topic = delivery.record().topic(),
        partition = delivery.record().partition(),
        offset = delivery.record().offset(),
        dead_letter_topic = &*sent.topic,
        dead_letter_partition = sent.partition,
        dead_letter_offset = sent.offset,
        "record dead-lettered"
    );
}
