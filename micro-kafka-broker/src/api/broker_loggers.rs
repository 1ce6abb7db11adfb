//! Levels of loggers as configurations of a broker.
//!
//! A broker that is part of another program has one logger, whose level the program decides.

use super::config_resource::{Refused, node_id, refused};
use super::{ErrorCode, RequestContext};
use crate::loggers::{LEVEL_NAMES, ROOT, level_named};
use crate::meta::{ConfigChanges, ConfigEntry, ConfigOp, ConfigSource};

/// Changes the levels of loggers, all or none.
///
/// # Errors
/// Kafka's refusal.
pub(super) fn alter(
    context: &RequestContext,
    name: &str,
    changes: &ConfigChanges,
    validate_only: bool,
) -> Result<(), Refused> {
    let invalid = |text: String| refused(ErrorCode::INVALID_REQUEST, text);
    let (id, own) = (node_id(name)?, context.node);
    if id != own {
        let text = format!("Unexpected node id. Expected {own}, but received {id}");
        return Err(invalid(text));
    }
    let mut levels = Vec::with_capacity(changes.ops.len());
    for (logger, op) in &changes.ops {
        levels.push((logger.as_str(), check(context, logger, op)?));
    }
    match context.broker.loggers() {
        _ if validate_only => Ok(()),
        Some(loggers) => loggers
            .change(&levels)
            .map_err(|error| invalid(format!("the log does not take its new levels: {error}"))),
        None if levels
            .iter()
            .all(|(_, level)| *level == Some(level_of_program())) =>
        {
            Ok(())
        }
        None => Err(invalid(
            "The log level is that of the program which runs this broker; set it there".to_owned(),
        )),
    }
}

fn check(
    context: &RequestContext,
    logger: &str,
    op: &ConfigOp,
) -> Result<Option<&'static str>, Refused> {
    let invalid = |text: String| Err(refused(ErrorCode::INVALID_REQUEST, text));
    let wrong = |text: String| Err(refused(ErrorCode::INVALID_CONFIG, text));
    let loggers = context.broker.loggers();
    let is_known = loggers.map_or(logger == ROOT, |loggers| loggers.contains(logger));
    let level = match op {
        ConfigOp::Set(level) => level_named(level).filter(|known| known == level),
        ConfigOp::Delete => None,
        ConfigOp::Append(_) | ConfigOp::Subtract(_) => {
            let verb = if matches!(op, ConfigOp::Append(_)) {
                "APPEND"
            } else {
                "SUBTRACT"
            };
            return invalid(format!(
                "{verb} operation is not allowed for the BROKER_LOGGER resource"
            ));
        }
    };
    match op {
        ConfigOp::Set(given) if level.is_none() => wrong(format!(
            "Cannot set the log level of {logger} to {given} as it is not a supported log level. \
             Valid log levels are {}",
            LEVEL_NAMES.join(", ")
        )),
        _ if !is_known => wrong(format!("Logger {logger} does not exist!")),
        ConfigOp::Delete if logger == ROOT => {
            invalid("Removing the log level of the root logger is not allowed".to_owned())
        }
        _ => Ok(level),
    }
}

/// The loggers, for DescribeConfigs.
pub(super) fn describe(context: &RequestContext) -> Vec<ConfigEntry> {
    let loggers = match context.broker.loggers() {
        Some(loggers) => loggers.all(),
        None => vec![(ROOT.to_owned(), level_of_program())],
    };
    let entry = |(name, level): (String, &str)| ConfigEntry {
        name,
        value: Some(level.to_owned()),
        source: ConfigSource::BrokerLogger,
        kind: None,
        documentation: "",
        read_only: false,
        sensitive: false,
        synonyms: Vec::new(),
    };
    loggers.into_iter().map(entry).collect()
}

/// The most that any part of the program logs.
fn level_of_program() -> &'static str {
    let level = tracing::level_filters::LevelFilter::current();
    level_named(&level.to_string()).unwrap_or("FATAL")
}
