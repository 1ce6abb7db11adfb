//! Listeners that handle each key once, and the stores that they name.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::{BootErrors, Error};
use super::registration::Code;
use super::resolve::{Parts, Plan};
use crate::config::{Config, ResolvedListener, check_topic};
use crate::idempotent::{
    IdempotencyStore, Idempotent, MEMORY, MemoryStore, TOPIC, TopicSettings, TopicStore,
};
use crate::listener::States;
use crate::template::KafkaTemplate;

/// The application's stores, by name.
pub(super) type IdempotencyStores = BTreeMap<String, Arc<dyn IdempotencyStore>>;

/// Those of an application that was given none.
pub(super) fn stores() -> IdempotencyStores {
    let memory: Arc<dyn IdempotencyStore> = Arc::new(MemoryStore::new());
    IdempotencyStores::from([(MEMORY.to_owned(), memory)])
}

/// How a listener tells duplicates, if it does; or all that is wrong with that.
pub(super) fn resolve(
    config: &Config,
    code: &Code,
    resolved: &ResolvedListener,
    parts: &Parts,
    states: &States,
) -> Result<Option<Idempotent>, Vec<String>> {
    let Some(key) = code.idempotency_key else {
        return match &resolved.idempotency_store {
            // What all listeners share may be of use to others.
            None => Ok(None),
            Some(_) if config.kafka().listener.idempotency_store.is_some() => Ok(None),
            Some(_) => Err(vec![
                "`idempotency-store` is set, but the function has no `#[idempotent(key = …)]`"
                    .to_owned(),
            ]),
        };
    };
    let name = resolved.idempotency_store.as_deref().unwrap_or(MEMORY);
    let mut problems = contradictions(code, resolved);
    let group = config.kafka().namespaced(&resolved.group_id);
    let own = parts.idempotency_stores.get(name).cloned();
    let store = match own {
        None if name == TOPIC => in_topic(config, resolved, states, &mut problems),
        own => own,
    };
    let Some(store) = store else {
        if problems.is_empty() {
            problems.push(unknown(name, parts));
        }
        return Err(problems);
    };
    if resolved.transaction.is_some() && !store.joins_transactions() {
        problems.push(format!(
            "a transactional listener cannot be `#[idempotent]` with the store `{name}`: its \
             transaction may be aborted after the key is marked; write `store = \"{TOPIC}\"`, whose \
             marks are part of the transaction"
        ));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Some(Idempotent {
        scope: format!("{group}/{}", resolved.id).into(),
        key,
        window: resolved.idempotency_window,
        store,
    }))
}

fn unknown(name: &str, parts: &Parts) -> String {
    let known = parts.idempotency_stores.keys().map(String::as_str);
    let known = known.chain([TOPIC]).collect::<Vec<_>>().join(", ");
    format!(
        "there is no idempotency store `{name}`: register it by `.idempotency_store(\"{name}\", …)`; \
         there are: {known}"
    )
}

/// The store in the listener's own topic; `None` without a template, whose problem was reported.
fn in_topic(
    config: &Config,
    resolved: &ResolvedListener,
    states: &States,
    problems: &mut Vec<String>,
) -> Option<Arc<dyn IdempotencyStore>> {
    if resolved.retry_topic.is_some() {
        problems.push(format!(
            "retry topics and the idempotency store `{TOPIC}` do not go together: a record and its \
             retry may be on two instances, each of which knows the keys of its own partitions; \
             retry in place, or use a store that all instances share"
        ));
    }
    let topic = match &resolved.idempotency_topic {
        Some(topic) => topic.clone(),
        None => format!("{}-seen", resolved.group_id),
    };
    if resolved.topics.contains(&topic) {
        problems.push(format!(
            "the listener reads `{topic}`, in which its idempotency store would keep its keys: set \
             `idempotency-topic` to another one"
        ));
    }
    let topic = config.kafka().namespaced(&topic);
    if let Err(reason) = check_topic(&topic) {
        problems.push(format!(
            "the idempotency store `{TOPIC}` would keep its keys in `{topic}`: {reason}; set \
             `idempotency-topic`"
        ));
    }
    let template = states.get::<KafkaTemplate>()?;
    let properties = resolved.consumer_properties.iter();
    let settings = TopicSettings {
        topic,
        properties: properties
            .map(|(name, value, _)| (name.to_owned(), value.to_owned()))
            .collect(),
        capacity: resolved.idempotency_capacity,
    };
    Some(Arc::new(TopicStore::new(settings, template)))
}

/// Has the stores of listeners made ready.
pub(super) async fn prepare<'p>(
    plans: impl IntoIterator<Item = &'p Plan>,
    template: &KafkaTemplate,
) -> Result<(), Error> {
    if template.is_recording() {
        return Ok(());
    }
    for endpoint in plans.into_iter().map(|plan| &plan.endpoint) {
        let Some(idempotent) = &endpoint.idempotent else {
            continue;
        };
        let by_hand = endpoint.topic_partitions.iter();
        let topics = endpoint.topics.iter().cloned();
        let topics: Vec<_> = topics.chain(by_hand.map(|own| own.topic.clone())).collect();
        idempotent.store.prepare(&topics).await.map_err(|error| {
            let reason = std::error::Error::source(&error).map(ToString::to_string);
            Error::Boot(BootErrors::one(format!(
                "listener `{}`: {error}: {}",
                endpoint.id,
                reason.unwrap_or_default()
            )))
        })?;
    }
    Ok(())
}

/// The type of what a listener's store gives to its handler.
pub(super) fn gives(
    code: &Code,
    resolved: Option<&ResolvedListener>,
    parts: &Parts,
) -> Option<TypeId> {
    code.idempotency_key?;
    let name = resolved?.idempotency_store.as_deref().unwrap_or(MEMORY);
    parts.idempotency_stores.get(name)?.gives()
}

fn contradictions(code: &Code, resolved: &ResolvedListener) -> Vec<String> {
    let mut problems = Vec::new();
    if code.batch {
        problems.push(
            "an `#[idempotent]` listener takes one record at a time: a batch has no single key; \
             handle its duplicates in the function"
                .to_owned(),
        );
    }
    if resolved.ack_mode.is_manual() {
        problems.push(format!(
            "ack mode `{}` leaves open when an `#[idempotent]` listener is done with a record: \
             write `batch` or `record`",
            resolved.ack_mode
        ));
    }
    problems
}
