//! What configurations are set for: topics, brokers, loggers, groups, client metrics.

use std::collections::HashSet;

use super::{ErrorCode, RequestContext};
use crate::meta::{
    BrokerScope, CatalogError, ConfigChanges, ConfigEntry, ConfigOp, ConfigSource, ResourceKind,
    check_topic_name,
};

/// The kinds of resource in requests.
pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
pub(super) const BROKER_LOGGER: i8 = 8;
pub(super) const CLIENT_METRICS: i8 = 16;
pub(super) const GROUP: i8 = 32;

/// The one logger that there is: what is logged is decided by the program that runs the broker.
const ROOT: &str = "root";
const LEVELS: [&str; 6] = ["DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN"];

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
        BROKER_LOGGER if !changes.replace => alter_loggers(context, name, changes),
        CLIENT_METRICS => alter_resource(ResourceKind::ClientMetrics),
        GROUP => alter_resource(ResourceKind::Group),
        _ => Err(invalid(format!("Unknown resource type {kind}"))),
    }
}

fn broker_scope(context: &RequestContext, name: &str) -> Result<BrokerScope, Refused> {
    if name.is_empty() {
        return Ok(BrokerScope::Default);
    }
    let own = context.broker.node_id();
    match node_id(name)? {
        id if id == own => Ok(BrokerScope::Own),
        id => Err(invalid(format!(
            "Unexpected broker id, expected {own}, but received {id}"
        ))),
    }
}

fn node_id(name: &str) -> Result<i32, Refused> {
    name.parse()
        .map_err(|_| invalid(format!("Node id must be an integer, but it is: {name}")))
}

fn alter_loggers(
    context: &RequestContext,
    name: &str,
    changes: &ConfigChanges,
) -> Result<(), Refused> {
    let own = context.broker.node_id();
    let id = node_id(name)?;
    if id != own {
        let text = format!("Unexpected node id. Expected {own}, but received {id}");
        return Err(invalid(text));
    }
    changes
        .ops
        .iter()
        .try_for_each(|(logger, op)| alter_logger(logger, op))
}

fn alter_logger(logger: &str, op: &ConfigOp) -> Result<(), Refused> {
    let wrong = |text: String| refused(ErrorCode::INVALID_CONFIG, text);
    let unknown = || wrong(format!("Logger {logger} does not exist!"));
    let list = |verb: &str| {
        let text = format!("{verb} operation is not allowed for the BROKER_LOGGER resource");
        Err(invalid(text))
    };
    match op {
        ConfigOp::Set(level) if !LEVELS.contains(&level.as_str()) => Err(wrong(format!(
            "Cannot set the log level of {logger} to {level} as it is not a supported log level. \
             Valid log levels are {}",
            LEVELS.join(", ")
        ))),
        ConfigOp::Set(_) | ConfigOp::Delete if logger != ROOT => Err(unknown()),
        ConfigOp::Delete => Err(invalid(
            "Removing the log level of the root logger is not allowed",
        )),
        ConfigOp::Set(level) if *level == level_now() => Ok(()),
        ConfigOp::Set(_) => Err(invalid(
            "The log level is that of the program which runs this broker; set it there (RUST_LOG)",
        )),
        ConfigOp::Append(_) => list("APPEND"),
        ConfigOp::Subtract(_) => list("SUBTRACT"),
    }
}

/// The loggers, for DescribeConfigs.
pub(super) fn loggers() -> Vec<ConfigEntry> {
    vec![ConfigEntry {
        name: ROOT.to_owned(),
        value: Some(level_now()),
        source: ConfigSource::BrokerLogger,
        kind: None,
        documentation: "",
        read_only: false,
        sensitive: false,
        synonyms: Vec::new(),
    }]
}

fn level_now() -> String {
    let level = tracing::level_filters::LevelFilter::current();
    match level.into_level() {
        Some(level) => level.to_string(),
        None => "FATAL".to_owned(),
    }
}
