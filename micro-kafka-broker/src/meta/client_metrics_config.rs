//! The configurations of a subscription to client metrics.

use super::broker_config::Values;
use super::config::{Check, ConfigDef, ConfigEntry, ConfigKind, ConfigSource};
use super::resource_config::entry;
use super::{CatalogError, ConfigError};

const DEFS: [ConfigDef; 3] = [
    ConfigDef {
        name: "interval.ms",
        kind: ConfigKind::Int,
        default: Some("300000"),
        check: Check::Any,
        doc: "Time between two reports of a client.",
    },
    ConfigDef {
        name: "match",
        kind: ConfigKind::List,
        default: Some(""),
        check: Check::Any,
        doc: "The clients that report, as patterns such as client_id=app.*; empty for all.",
    },
    ConfigDef {
        name: "metrics",
        kind: ConfigKind::List,
        default: Some(""),
        check: Check::Any,
        doc: "What names of the metrics begin with; * for all.",
    },
];

/// What a client can be recognised by.
const MATCHED: [&str; 6] = [
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

/// Checks what is set for a subscription.
pub(super) fn check(name: &str, values: &Values) -> Result<(), CatalogError> {
    let invalid = |text: String| Err(CatalogError::InvalidRequest(text));
    if name.is_empty() {
        return invalid("Subscription name can't be empty".to_owned());
    }
    for key in values.keys() {
        if !DEFS.iter().any(|def| def.name == key) {
            return invalid(format!("Unknown client metrics configuration: {key}"));
        }
    }
    for def in &DEFS {
        values
            .get(def.name)
            .map_or(Ok(()), |value| def.check(value))?;
    }
    let interval = values.get("interval.ms").map(|value| value.trim());
    if let Some(millis) = interval
        && !millis
            .parse()
            .is_ok_and(|ms: i32| (100..=3_600_000).contains(&ms))
    {
        return invalid(format!(
            "Invalid value {millis} for interval.ms, interval must be between 100 and 3600000 (1 hour)"
        ));
    }
    let patterns = values.get("match").map_or("", String::as_str);
    let mut patterns = patterns.split(',').map(str::trim);
    match patterns.find(|pattern| !pattern.is_empty() && !is_pattern(pattern)) {
        Some(pattern) => {
            let text = format!("Illegal client matching pattern: {pattern}");
            Err(ConfigError::Conflict(text).into())
        }
        None => Ok(()),
    }
}

/// Whether this is a pattern, but for its regular expression, which only Java could read.
fn is_pattern(pattern: &str) -> bool {
    let parts = pattern.split_once('=');
    parts.is_some_and(|(name, expression)| {
        MATCHED.contains(&name.trim()) && !expression.is_empty() && !expression.contains('=')
    })
}

/// All configurations of a subscription.
pub(super) fn describe(values: &Values) -> Vec<ConfigEntry> {
    let shown = |def: &ConfigDef| {
        let set = values.get(def.name);
        entry(def, set, ConfigSource::ClientMetrics, Vec::new())
    };
    DEFS.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_checked() {
        let of = |name: &str, value: &str| {
            let values = [(name.to_owned(), value.to_owned())].into();
            check("m", &values).map_err(|error| error.to_string())
        };
        for (name, value) in [
            ("interval.ms", " 100 "),
            ("interval.ms", "3600000"),
            ("metrics", "*"),
            ("metrics", "a,b"),
            ("match", ""),
            ("match", "client_id=a.*, client_source_port=9092"),
        ] {
            assert_eq!(of(name, value), Ok(()), "{name}={value}");
        }
        for (name, value, text) in [
            ("nope", "1", "Unknown client metrics configuration: nope"),
            (
                "interval.ms",
                "99",
                "interval must be between 100 and 3600000",
            ),
            ("interval.ms", "x", "Not a number of type INT"),
            ("match", "a", "Illegal client matching pattern: a"),
            ("match", "a=b", "Illegal client matching pattern: a=b"),
            ("match", "client_id=", "Illegal client matching pattern"),
            ("match", "client_id=a=b", "Illegal client matching pattern"),
        ] {
            let refused = of(name, value).unwrap_err();
            assert!(refused.contains(text), "{refused}");
        }
        assert!(check("", &Values::new()).is_err());
    }
}
