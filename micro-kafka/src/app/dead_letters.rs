//! The dead-letter topics of an application, checked at boot and created at start.

use super::builder::KafkaApp;
use super::dead_letter_ways::Ways;
use super::error::{BootError, BootErrors, Error};
use super::resolve::Plan;
use super::running::recoverer;
use crate::admin::{AdminError, KafkaAdmin};
use crate::client::AnyClient;
use crate::config::Recoverer;
use crate::template::KafkaTemplate;

/// The source topics and their dead-letter topics.
pub(super) struct DeadLetters(Vec<(String, String)>);

/// The dead-letter topics that the listeners need.
pub(super) fn dead_letters(app: &KafkaApp) -> Result<DeadLetters, Error> {
    if app.recoverer.is_some() {
        return Ok(DeadLetters(Vec::new()));
    }
    DeadLetters::of(&app.plans, &app.template)
}

impl DeadLetters {
    /// Those of these listeners.
    pub(super) fn of<'p>(
        plans: impl IntoIterator<Item = &'p Plan>,
        template: &KafkaTemplate,
    ) -> Result<Self, Error> {
        let mut topics = Vec::new();
        let mut problems = Vec::new();
        let mut ways = Ways::default();
        for plan in plans {
            if plan.recoverer == Recoverer::Log {
                continue;
            }
            let recoverer = recoverer(plan, template);
            for source in &plan.endpoint.topics {
                match recoverer.destination(source) {
                    Ok(destination) => {
                        ways.add(&plan.endpoint, source, &destination);
                        topics.push((source.clone(), destination));
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
        self.0.iter().any(|(_, destination)| destination == topic)
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
        let mut created = admin.ensure_dead_letter_topics(&self.0).await;
        if matches!(created, Err(AdminError::Unauthorized { .. })) {
            created = by_producer().ensure_dead_letter_topics(&self.0).await;
        }
        match created {
            Ok(created) => {
                for topic in created {
                    tracing::info!(topic, "dead-letter topic created");
                }
                Ok(())
            }
            Err(error) => Err(Error::Boot(BootErrors::one(error.to_string()))),
        }
    }
}
