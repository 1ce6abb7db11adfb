//! The dead-letter topics of an application, checked at boot and created at start.

use super::builder::KafkaApp;
use super::error::{BootError, BootErrors, Error};
use super::running::recoverer;

/// Creates what dead-letter topics are missing.
pub(super) async fn prepare_dead_letters(app: &KafkaApp) -> Result<(), Error> {
    if app.recoverer.is_some() || app.plans.is_empty() {
        return Ok(());
    }
    let mut topics = Vec::new();
    let mut problems = Vec::new();
    for plan in &app.plans {
        let recoverer = recoverer(plan, &app.template);
        for source in &plan.endpoint.topics {
            match recoverer.destination(source) {
                Ok(destination) => topics.push((source.clone(), destination)),
                Err(error) => problems.push(BootError::new(format!(
                    "listener `{}`: {error}",
                    plan.endpoint.id
                ))),
            }
        }
    }
    BootErrors::check(problems)?;
    topics.sort();
    topics.dedup();
    let admin = app.template.admin().with_wire_names();
    match admin.ensure_dead_letter_topics(&topics).await {
        Ok(created) => {
            for topic in created {
                tracing::info!(topic, "dead-letter topic created");
            }
            Ok(())
        }
        Err(error) => Err(Error::Boot(BootErrors::one(error.to_string()))),
    }
}
