//! Listeners that handle each key once, and the stores that they name.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::registration::Code;
use super::resolve::Parts;
use crate::config::{Config, ResolvedListener};
use crate::idempotent::{IdempotencyStore, Idempotent, MEMORY, MemoryStore};

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
    let Some(store) = parts.idempotency_stores.get(name) else {
        let known = parts.idempotency_stores.keys();
        let known = known.map(String::as_str).collect::<Vec<_>>().join(", ");
        problems.push(format!(
            "there is no idempotency store `{name}`: register it by `.idempotency_store(\"{name}\", …)`; \
             there are: {known}"
        ));
        return Err(problems);
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let group = config.kafka().namespaced(&resolved.group_id);
    Ok(Some(Idempotent {
        scope: format!("{group}/{}", resolved.id).into(),
        key,
        window: resolved.idempotency_window,
        store: Arc::clone(store),
    }))
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
    if resolved.transaction.is_some() {
        problems.push(
            "a transactional listener cannot be `#[idempotent]`: its transaction may be aborted \
             after the key is marked; it handles each record once anyhow"
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
