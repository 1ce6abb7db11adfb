//! Listeners of all partitions of a topic, `orders[*]`: how many there are, the broker knows.

use super::error::{BootError, BootErrors, Error};
use super::resolve::Plan;
use crate::listener::ListenerEndpoint;
use crate::template::KafkaTemplate;

/// Puts the partitions in that the topics have now.
pub(super) async fn fill(plans: &mut [Plan], template: &KafkaTemplate) -> Result<(), Error> {
    let endpoints = plans.iter().map(|plan| &plan.endpoint);
    let wanted = endpoints.flat_map(|endpoint| &endpoint.topic_partitions);
    let wanted = wanted.filter(|partitions| partitions.is_all());
    let topics = wanted.map(|partitions| partitions.topic.clone());
    let topics = topics.collect::<Vec<_>>();
    if topics.is_empty() {
        return Ok(());
    }
    let names = topics.iter().map(String::as_str).collect::<Vec<_>>();
    let admin = template.admin().with_wire_names();
    let counts = match admin.partition_counts(&names).await {
        Ok(counts) => counts,
        Err(error) => return Err(Error::Boot(BootErrors::one(error.to_string()))),
    };
    let count = |topic: &str| counts.get(topic).copied().flatten();
    let mut problems = Vec::new();
    for plan in plans {
        problems.extend(fill_one(&mut plan.endpoint, &count));
    }
    BootErrors::check(problems).map_err(Into::into)
}

fn fill_one(
    endpoint: &mut ListenerEndpoint,
    count: &impl Fn(&str) -> Option<u32>,
) -> Option<BootError> {
    let all = endpoint.topic_partitions.iter_mut();
    for partitions in all.filter(|partitions| partitions.is_all()) {
        let Some(known) = count(&partitions.topic) else {
            return Some(BootError::new(format!(
                "listener `{}`: the topic `{}` does not exist, so that `{partitions}` names no \
                 partition; create it, or list the partitions",
                endpoint.id, partitions.topic
            )));
        };
        partitions.partitions = (0..i32::try_from(known).unwrap_or(i32::MAX)).collect();
    }
    let each = endpoint.topic_partitions.iter();
    let most: usize = each.map(|partitions| partitions.partitions.len()).sum();
    let most = u32::try_from(most).unwrap_or(u32::MAX).max(1);
    endpoint.concurrency = endpoint.concurrency.min(most);
    None
}
