//! The dead-letter topics of an application, checked at boot and created at start.

use std::time::Duration;

use super::dead_letter_ways::Ways;
use super::error::{BootError, BootErrors, Error};
use super::kafka_app::KafkaApp;
use super::resolve::Plan;
use super::retry_topics::fences_topic;
use super::running::recoverer;
use crate::admin::{AdminError, KafkaAdmin, Wanted};
use crate::client::AnyClient;
use crate::config::Recoverer;
use crate::error::{Needed, RetryTopics};
use crate::template::KafkaTemplate;

/// The source topics and their dead-letter topics.
pub(super) struct DeadLetters(Vec<Topic>);

/// A topic that has to exist, and the one that it is as wide as.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Topic {
    source: String,
    name: String,
    partitions: Option<u32>,
    replication_factor: Option<u16>,
    /// Whether it is created if it is missing.
    create: bool,
    /// Whether it keeps the last record of each key only.
    compacted: bool,
}

/// How long a created topic may stay unknown, and how soon it is asked for again.
const KNOWN: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// The dead-letter topics that the listeners need.
pub(super) fn dead_letters(app: &KafkaApp) -> Result<DeadLetters, Error> {
    DeadLetters::of(&app.plans, &app.template, app.recoverer.is_some())
}

/// The retry topics of a listener, and the dead-letter topics behind them.
fn of_retries(retries: &RetryTopics, recovers: bool) -> Vec<Topic> {
    let policy = retries.policy();
    let mut needed = retries.needed();
    if !recovers {
        needed.extend(retries.dead_letter_topics());
    }
    let topic = |Needed { source, topic }| Topic {
        source,
        name: topic,
        partitions: policy.partitions,
        replication_factor: policy.replication_factor,
        create: policy.auto_create,
        compacted: false,
    };
    needed.into_iter().map(topic).collect()
}

impl Topic {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            source: &self.source,
            topic: &self.name,
            partitions: self.partitions,
            replication_factor: self.replication_factor,
            compacted: self.compacted,
        }
    }
}

impl DeadLetters {
    /// Those of these listeners, with their retry topics; `recovers` says that the application has
    /// somebody else for records that are not tried again.
    pub(super) fn of<'p>(
        plans: impl IntoIterator<Item = &'p Plan>,
        template: &KafkaTemplate,
        recovers: bool,
    ) -> Result<Self, Error> {
        let mut topics = Vec::new();
        let mut problems = Vec::new();
        let mut ways = Ways::default();
        for plan in plans {
            if let Some(retries) = &plan.endpoint.retry_topics {
                let recovers = recovers || plan.recoverer == Recoverer::Log;
                topics.extend(of_retries(retries, recovers));
                topics.extend(fences_topic(&plan.endpoint).map(|name| Topic {
                    source: plan.endpoint.topics.first().cloned().unwrap_or_default(),
                    name,
                    partitions: Some(1),
                    replication_factor: retries.policy().replication_factor,
                    create: true,
                    compacted: true,
                }));
                continue;
            }
            if recovers || plan.recoverer == Recoverer::Log {
                continue;
            }
            let recoverer = recoverer(plan, template);
            for source in &plan.endpoint.topics {
                match recoverer.destination(source) {
                    Ok(destination) => {
                        ways.add(&plan.endpoint, source, &destination);
                        topics.push(Topic {
                            source: source.clone(),
                            name: destination,
                            partitions: None,
                            replication_factor: None,
                            create: true,
                            compacted: false,
                        });
                    }
                    Err(error) => problems.push(BootError::new(format!(
                        "listener `{}`: {error}",
                        plan.endpoint.id
                    ))),
                }
            }
        }
        problems.extend(ways.circle().map(BootError::new));
        BootErrors::check(problems)?;
        topics.sort();
        topics.dedup();
        Ok(Self(topics))
    }

    /// Whether a topic is one of them.
    pub(super) fn include(&self, topic: &str) -> bool {
        self.0.iter().any(|own| own.name == topic)
    }

    /// Waits until new topics are told by the broker: who subscribes to one before asks again much
    /// later.
    async fn become_known(&self, admin: &KafkaAdmin, created: &[String]) {
        let names: Vec<&str> = created.iter().map(String::as_str).collect();
        let known = async {
            while !names.is_empty() {
                let counts = admin.partition_counts(&names).await;
                if counts.is_ok_and(|counts| counts.values().all(Option::is_some)) {
                    return;
                }
                tokio::time::sleep(ASK_AGAIN).await;
            }
        };
        if tokio::time::timeout(KNOWN, known).await.is_err() {
            tracing::warn!(topics = ?names, "created topics are not told by the broker yet");
        }
    }

    /// Those that the start may not create have to be there.
    async fn find_others(&self, admin: &KafkaAdmin) -> Result<(), Error> {
        let others: Vec<_> = self.0.iter().filter(|topic| !topic.create).collect();
        if others.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = others.iter().map(|topic| topic.name.as_str()).collect();
        let counts = admin.partition_counts(&names).await;
        let counts = counts.map_err(|error| Error::Boot(BootErrors::one(error.to_string())))?;
        let missing = others
            .into_iter()
            .filter(|topic| !matches!(counts.get(&topic.name), Some(Some(_))));
        let problem = |Topic { source, name, .. }: &Topic| {
            BootError::new(format!(
                "the topic `{name}` does not exist, and auto-create = false of the retry topics \
                 of `{source}` forbids to create it: create it, with as many partitions"
            ))
        };
        BootErrors::check(missing.map(problem).collect()).map_err(Into::into)
    }

    /// Creates what is missing: by a consumer that connects anyhow; by the producer where there is
    /// none, or it has not the right.
    pub(super) async fn create(
        &self,
        consumer: Option<AnyClient>,
        template: &KafkaTemplate,
    ) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let by_producer = || template.admin().with_wire_names();
        let admin = consumer.map_or_else(by_producer, |client| KafkaAdmin::on(client, ""));
        self.find_others(&admin).await?;
        let wanted = self.0.iter().filter(|topic| topic.create);
        let wanted: Vec<_> = wanted.map(Topic::wanted).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut created = admin.ensure_topics(&wanted).await;
        if matches!(created, Err(AdminError::Unauthorized { .. })) {
            created = by_producer().ensure_topics(&wanted).await;
            // What the producer knows, the consumer need not know yet.
            self.become_known(&admin, created.as_deref().unwrap_or_default())
                .await;
        }
        match created {
            Ok(created) => {
                for topic in created {
                    tracing::info!(topic, "retry or dead-letter topic created");
                }
                Ok(())
            }
            Err(error) => Err(Error::Boot(BootErrors::one(error.to_string()))),
        }
    }
}
