//! Listeners of the dead letters of other listeners.

use std::any::TypeId;

use super::error::BootError;
use super::registration::Registration;
use super::resolve::{Plan, Resolver};
use crate::config::Recoverer;
use crate::error::{DEAD_LETTER_SUFFIX, DltStrategy};
use crate::listener::LISTENERS;

/// Gives a `#[dlt_handler]` what it has not: the dead-letter topics of its listener, a group after
/// that one's, and an end for letters that fail again, which stay in their topic.
pub(super) fn complete(
    handler: &mut Registration,
    of: TypeId,
    plans: &[Plan],
    resolver: &Resolver<'_>,
) -> Result<(), BootError> {
    let found = plans.iter().find(|plan| plan.function == Some(of));
    let planned = match found {
        Some(_) => None,
        None => unselected(of, resolver),
    };
    let Some(listener) = found.or(planned.as_ref()) else {
        return Err(BootError::at(
            handler.source,
            format!(
                "dlt handler `{}`: the function that `of` names has no `#[kafka_listener]`, or that \
                 listener is wrong itself",
                handler.id
            ),
        ));
    };
    let topics = topics(listener, resolver.namespace());
    if topics.is_empty() {
        return Err(BootError::at(
            handler.source,
            format!(
                "dlt handler `{}`: nobody knows the dead-letter topics of listener `{}`: {}",
                handler.id,
                listener.endpoint.id,
                match listener.recoverer {
                    Recoverer::Log => "it has `recoverer = \"log\"`: leave that out",
                    _ => "its topics are found by a pattern: give it a `dead_letter_topic`",
                }
            ),
        ));
    }
    let arguments = &mut handler.arguments;
    arguments.topics = topics;
    arguments.group_id.get_or_insert_with(|| {
        let group = &*listener.endpoint.group_id;
        let group = group.strip_prefix(resolver.namespace()).unwrap_or(group);
        format!("{group}{DEAD_LETTER_SUFFIX}")
    });
    let retries = listener.endpoint.retry_topics.as_ref();
    let always = retries.is_some_and(|it| it.policy().dlt_strategy == DltStrategy::AlwaysRetry);
    handler.code.sends_back = always && arguments.recoverer.is_none();
    arguments.recoverer.get_or_insert(Recoverer::Log);
    Ok(())
}

/// The dead-letter topics of a listener, without the namespace.
fn topics(listener: &Plan, namespace: &str) -> Vec<String> {
    if listener.recoverer == Recoverer::Log {
        return Vec::new();
    }
    if let Some(chain) = &listener.endpoint.retry_topics {
        let own = |topic: &String| topic.strip_prefix(namespace).unwrap_or(topic).to_owned();
        let mut topics: Vec<String> = Vec::new();
        for needed in chain.dead_letter_topics() {
            let topic = own(&needed.topic);
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        return topics;
    }
    if let Some(topic) = &listener.dead_letter_topic {
        return vec![topic.clone()];
    }
    let topics = listener.endpoint.topics.iter();
    let own = topics.map(|topic| topic.strip_prefix(namespace).unwrap_or(topic));
    own.map(|topic| format!("{topic}{DEAD_LETTER_SUFFIX}"))
        .collect()
}

/// A listener that does not run in this application still says where its dead letters are.
fn unselected(of: TypeId, resolver: &Resolver<'_>) -> Option<Plan> {
    let def = LISTENERS.iter().find(|def| (def.function)() == of)?;
    resolver.plan(Registration::from(def), &mut Vec::new())
}
