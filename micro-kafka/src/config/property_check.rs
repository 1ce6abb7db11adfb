//! librdkafka properties: read, and each checked by librdkafka itself.

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;

use super::duration::parse_duration;
use super::property_names::{self, Clients, Kind, PropertyInfo};
use super::section::{Section, shown};
use super::suggestion::nearest;
use super::tree::{Node, Value};
use super::{ConfigError, ConfigProblem, Properties};

/// Which clients a table of properties is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Shared,
    Consumer,
    Producer,
}

/// Properties that the framework sets, and what to do instead.
const OWNED: [(&str, &str); 16] = [
    ("bootstrap.servers", "set bootstrap-servers in [kafka]"),
    (
        "client.id",
        "set client-id in [kafka], [kafka.consumer], [kafka.producer] or the listener",
    ),
    (
        "group.id",
        "set group-id in [kafka.consumer] or [kafka.listeners.<id>]",
    ),
    (
        "auto.offset.reset",
        "set auto-offset-reset in [kafka.consumer]",
    ),
    (
        "enable.auto.commit",
        "set enable-auto-commit in [kafka.consumer]",
    ),
    (
        "auto.commit.enable",
        "set enable-auto-commit in [kafka.consumer]",
    ),
    (
        "auto.commit.interval.ms",
        "set auto-commit-interval in [kafka.consumer]",
    ),
    (
        "enable.auto.offset.store",
        "leave it out: offsets are stored once records are handled",
    ),
    (
        "offset.store.method",
        "leave it out: offsets are committed to the broker",
    ),
    (
        "offset.store.path",
        "leave it out: offsets are committed to the broker",
    ),
    (
        "offset.store.sync.interval.ms",
        "leave it out: offsets are committed to the broker",
    ),
    (
        "enable.partition.eof",
        "leave it out: the consumer loop needs it as it is",
    ),
    ("acks", "set acks in [kafka.producer]"),
    (
        "transaction.timeout.ms",
        "set transaction-timeout in [kafka.producer]",
    ),
    (
        "transactional.id",
        "set transaction-id-prefix in [kafka.producer]",
    ),
    ("builtin.features", "leave it out: it describes the build"),
];

/// Reads a flat table of properties; wrong ones are reported and left out.
pub(crate) fn read_properties(section: &Section<'_>, room: Room) -> Properties {
    let mut properties = Properties::new();
    for (name, entry) in section.entries() {
        let node = &entry.node;
        let origin = |error: &ConfigError| match error.problem() {
            ConfigProblem::UnknownKey | ConfigProblem::OwnedProperty => entry.key_origin.clone(),
            _ => node.origin.clone(),
        };
        match check(name, node, room) {
            Ok(value) => properties.insert(name, value, node.origin.clone(), node.is_secret()),
            Err(error) => {
                let origin = origin(&error);
                section.report(error.key(format!("{}.{name}", section.path())).at(&origin));
            }
        }
    }
    properties
}

fn check(name: &str, node: &Node, room: Room) -> Result<String, ConfigError> {
    let value = match (&node.value, node.as_text()) {
        (Value::Datetime(_), _) | (_, None) => {
            return Err(ConfigError::wrong_type(
                "a text, number or boolean",
                node.kind(),
            ));
        }
        (_, Some(value)) => value,
    };
    refuse_owned(name)?;
    if let Some(info) = property_names::lookup(name) {
        refuse_elsewhere(info, room)?;
        refuse_half_number(info, &value, node)?;
        refuse_missing_file(info, &value)?;
    }
    ask_librdkafka(name, &value, node)?;
    Ok(value)
}

fn refuse_owned(name: &str) -> Result<(), ConfigError> {
    let canonical = property_names::canonical(name);
    let owned = OWNED
        .iter()
        .find(|(owned, _)| property_names::canonical(owned) == canonical);
    match owned {
        Some((_, instead)) => Err(ConfigError::new(ConfigProblem::OwnedProperty).hint(*instead)),
        None => Ok(()),
    }
}

/// A consumer ignores what only producers have, and a setting that is ignored is a mistake.
fn refuse_elsewhere(info: PropertyInfo, room: Room) -> Result<(), ConfigError> {
    let (only, right) = match (info.clients, room) {
        (Clients::Consumers, Room::Producer) => ("consumers", "kafka.consumer.properties"),
        (Clients::Producers, Room::Consumer) => ("producers", "kafka.producer.properties"),
        _ => return Ok(()),
    };
    let error = ConfigError::invalid(format!("only {only} have this property"));
    Err(error.hint(format!("move it to [{right}]")))
}

/// librdkafka reads `30 s` as 30 (milliseconds), and 2^32 + 5 as 5.
fn refuse_half_number(info: PropertyInfo, value: &str, node: &Node) -> Result<(), ConfigError> {
    let value = value.trim();
    let numeric = value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    let whole = match info.kind {
        Kind::Integer if numeric => is_i32(value),
        Kind::Float => value.parse::<f64>().is_ok_and(f64::is_finite),
        _ => true,
    };
    if whole {
        return Ok(());
    }
    let shown = shown(node, info.name);
    let error = ConfigError::invalid(format!("{shown} is not a number that librdkafka can take"));
    Err(match parse_duration(value) {
        Ok(duration) if info.name.ends_with(".ms") => error.hint(format!(
            "this property is a number of milliseconds: write {}",
            duration.as_millis()
        )),
        _ => error,
    })
}

fn is_i32(value: &str) -> bool {
    match value.strip_prefix("0x") {
        Some(hex) => i32::from_str_radix(hex, 16).is_ok(),
        None => value.parse::<i32>().is_ok(),
    }
}

fn refuse_missing_file(info: PropertyInfo, value: &str) -> Result<(), ConfigError> {
    let file = info.name.starts_with("ssl.") && info.name.ends_with(".location");
    if !file || value == "probe" || std::path::Path::new(value).exists() {
        return Ok(());
    }
    // The engine's location may be a name that the system's loader resolves.
    if info.name == "ssl.engine.location" {
        return Ok(());
    }
    Err(ConfigError::invalid("there is no such file"))
}

fn ask_librdkafka(name: &str, value: &str, node: &Node) -> Result<(), ConfigError> {
    let mut config = ClientConfig::new();
    config.set(property_names::canonical(name), value);
    let description = match config.create_native_config() {
        Ok(_) => return Ok(()),
        Err(KafkaError::ClientConfig(_, description, _, _)) => description,
        Err(_) => return Err(ConfigError::invalid("the value holds a NUL character")),
    };
    Err(explain(name, description.trim(), node))
}

/// What librdkafka says against a number that a setting stands for; in librdkafka's own unit.
pub(crate) fn refused_number(name: &str, value: &str) -> Option<ConfigError> {
    let info = property_names::lookup(name)?;
    let node = Node::text(value, true, super::Origin::Default);
    let asked = refuse_half_number(info, value, &node);
    asked
        .and_then(|()| ask_librdkafka(name, value, &node))
        .err()
}

/// librdkafka's message in our words, since it may hold the value.
fn explain(name: &str, description: &str, node: &Node) -> ConfigError {
    if description.contains("No such configuration property") {
        return unknown(name);
    }
    let shown = shown(node, name);
    if let Some(reason) = missing_in_build(description) {
        let error = ConfigError::invalid(format!("{shown} needs {}", reason.what));
        return error.hint(reason.advice);
    }
    if let Some((_, range)) = description.split_once("outside allowed range ") {
        let range = range.replacen("..", " to ", 1);
        return ConfigError::invalid(format!("{shown} is outside of the range {range}"));
    }
    if description.contains("Expected bool value") {
        return ConfigError::wrong_type("true or false", shown);
    }
    if description.contains("must be set through") || description.contains("not settable") {
        return ConfigError::invalid("only code can set this property, not a configuration");
    }
    ConfigError::invalid(format!("librdkafka does not accept {shown}"))
}

fn unknown(name: &str) -> ConfigError {
    let error = ConfigError::new(ConfigProblem::UnknownKey);
    error.hint(match nearest(name, property_names::settable()) {
        Some(nearest) => format!("did you mean \"{nearest}\"?"),
        None => "librdkafka's CONFIGURATION.md lists all properties".to_owned(),
    })
}

/// A part of librdkafka that this build was made without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MissingPart {
    pub(crate) what: &'static str,
    pub(crate) advice: &'static str,
}

pub(crate) const OPENSSL: MissingPart = MissingPart {
    what: "TLS, which this build was made without",
    advice: "enable micro-kafka's feature `tls` (or `tls-system`, which uses the system's OpenSSL)",
};
pub(crate) const KERBEROS: MissingPart = MissingPart {
    what: "Kerberos, which this build was made without",
    advice: "enable micro-kafka's feature `gssapi`",
};
const OTHER: MissingPart = MissingPart {
    what: "a part of librdkafka that this build was made without",
    advice: "leave it out",
};

fn missing_in_build(description: &str) -> Option<MissingPart> {
    let at_build = ["not available at build time", "not enabled at build time"];
    let missing = description.contains("not supported in this build")
        || at_build.iter().any(|part| description.contains(part));
    if !missing {
        return None;
    }
    if description.contains("cyrus-sasl") {
        Some(KERBEROS)
    } else if description.contains("OpenSSL") && !description.contains("OIDC") {
        Some(OPENSSL)
    } else {
        Some(OTHER)
    }
}
