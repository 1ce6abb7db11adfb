//! What configurations are set for: topics, brokers, loggers, groups, client metrics.

use std::collections::HashSet;

use super::{ErrorCode, RequestContext, broker_loggers};
use crate::meta::{BrokerScope, CatalogError, ConfigChanges, ResourceKind, check_topic_name};

/// The kinds of resource in requests.
pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
pub(super) const BROKER_LOGGER: i8 = 8;
pub(super) const CLIENT_METRICS: i8 = 16;
pub(super) const GROUP: i8 = 32;

/// A refusal: its code and its text.
pub(super) type Refused = (ErrorCode, Option<String>);

pub(super) fn refused(code: ErrorCode, text: impl Into<String>) -> Refused {
    (code, Some(text.into()))
}

fn invalid(text: impl Into<String>) -> Refused {
    refused(ErrorCode::INVALID_REQUEST, text)
}

/// Which resources a request names more than once.
pub(super) fn repeated(resources: impl Iterator<Item = (i8, String)>) -> HashSet<(i8, String)> {
    let mut seen = HashSet::new();
    resources
        .filter(|resource| !seen.insert(resource.clone()))
        .collect()
}

/// The refusal of resources that are named more than once.
pub(super) fn named_twice() -> Refused {
    invalid("Each resource must appear at most once.")
}

/// Whether each name comes once, and with a value where one is needed.
///
/// # Errors
/// Kafka's refusal.
pub(super) fn check_names<'a>(
    given: impl Iterator<Item = (&'a str, bool)> + Clone,
) -> Result<(), Refused> {
    let mut seen = HashSet::new();
    if !given.clone().all(|(name, _)| seen.insert(name)) {
        return Err(invalid("Error due to duplicate config keys"));
    }
    let nulls = given.filter(|(_, valued)| !valued).map(|(name, _)| name);
    let nulls: Vec<_> = nulls.collect();
    match nulls.is_empty() {
        true => Ok(()),
        false => Err(invalid(format!(
            "Null value not supported for : {}",
            nulls.join(",")
        ))),
    }
}

/// Changes the configurations of a resource.
///
/// # Errors
/// Kafka's refusal.
pub(super) fn alter(
    context: &RequestContext,
    (kind, name): (i8, &str),
    changes: &ConfigChanges,
    validate_only: bool,
) -> Result<(), Refused> {
    let catalog = context.broker.catalog();
    let refusal = |error: CatalogError| refused(ErrorCode::from(&error), error.to_string());
    let alter_resource = |kind| {
        let altered = catalog.alter_resource(kind, name, changes, validate_only);
        altered.map_err(refusal)
    };
    match kind {
        TOPIC if name.is_empty() => Err(invalid("Default topic resources are not allowed.")),
        TOPIC => {
            check_topic_name(name).map_err(refusal)?;
            let altered = catalog.alter_topic(name, changes, validate_only);
            altered.map_err(|error| match error {
                CatalogError::UnknownTopic => refused(
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    format!("The topic '{name}' does not exist."),
                ),
                error => refusal(error),
            })
        }
        BROKER => {
            let scope = broker_scope(context, name)?;
            let altered = catalog.alter_broker(scope, changes, validate_only);
            altered.map_err(refusal)
        }
        BROKER_LOGGER if !changes.replace => {
            broker_loggers::alter(context, name, changes, validate_only)
        }
        CLIENT_METRICS => alter_resource(ResourceKind::ClientMetrics),
        GROUP => alter_resource(ResourceKind::Group),
        _ => Err(invalid(format!("Unknown resource type {kind}"))),
    }
}

fn broker_scope(context: &RequestContext, name: &str) -> Result<BrokerScope, Refused> {
    if name.is_empty() {
        return Ok(BrokerScope::Default);
    }
    let own = context.node;
    match node_id(name)? {
        id if id == own => Ok(BrokerScope::Own),
        id => Err(invalid(format!(
            "Unexpected broker id, expected {own}, but received {id}"
        ))),
    }
}

pub(super) fn node_id(name: &str) -> Result<i32, Refused> {
    name.parse()
        .map_err(|_| invalid(format!("Node id must be an integer, but it is: {name}")))
}
