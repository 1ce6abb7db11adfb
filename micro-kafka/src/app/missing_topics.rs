//! Listeners that do not start without their topics.

use super::error::{BootError, BootErrors, Error};
use crate::admin::KafkaAdmin;
use crate::client::AnyClient;
use crate::listener::ListenerContainer;
use crate::template::KafkaTemplate;

/// Looks for the topics of the listeners that ask for that; everything that is missing at once.
pub(super) async fn check(
    containers: &[ListenerContainer],
    consumer: Option<&AnyClient>,
    template: &KafkaTemplate,
) -> Result<(), Error> {
    let strict = containers.iter().map(ListenerContainer::endpoint);
    let strict = strict.filter(|endpoint| endpoint.missing_topics_fatal && endpoint.auto_startup);
    let asked = strict.flat_map(|endpoint| {
        let topics = endpoint.topics.iter();
        topics.map(|topic| (&*endpoint.id, topic.as_str()))
    });
    let asked = asked.collect::<Vec<_>>();
    if asked.is_empty() {
        return Ok(());
    }
    let names = asked.iter().map(|(_, topic)| *topic).collect::<Vec<_>>();
    let admin = match consumer {
        Some(client) => KafkaAdmin::on(client.clone(), ""),
        None => template.admin().with_wire_names(),
    };
    let counts = match admin.partition_counts(&names).await {
        Ok(counts) => counts,
        Err(error) => return Err(Error::Boot(BootErrors::one(error.to_string()))),
    };
    let missing = asked
        .iter()
        .filter(|(_, topic)| !matches!(counts.get(*topic), Some(Some(_))));
    let problem = |(listener, topic): &(&str, &str)| {
        BootError::new(format!(
            "listener `{listener}`: the topic `{topic}` does not exist; create it, or set \
             missing-topics-fatal = false to wait for it"
        ))
    };
    BootErrors::check(missing.map(problem).collect()).map_err(Into::into)
}
