//! The names of librdkafka's properties, for suggestions and for finding the right spelling.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What is known of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PropertyInfo {
    /// Its name.
    pub(crate) name: &'static str,
    /// The clients that have it.
    pub(crate) clients: Clients,
    /// What its value is.
    pub(crate) kind: Kind,
    alias_of: Option<&'static str>,
}

/// What the value of a property is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole number, or a word that stands for one.
    Integer,
    /// A number.
    Float,
    /// A function or a pointer, which only code can set.
    Callback,
    /// Any other.
    Text,
}

/// Which clients have a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clients {
    All,
    Consumers,
    Producers,
}

static PROPERTIES: LazyLock<BTreeMap<String, PropertyInfo>> = LazyLock::new(|| {
    include_str!("property_names.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(parse_line)
        .map(|info| (squeezed(info.name), info))
        .collect()
});

fn parse_line(line: &'static str) -> Option<PropertyInfo> {
    let mut fields = line.split('\t');
    let name = fields.next()?;
    let clients = match fields.next()? {
        "C" => Clients::Consumers,
        "P" => Clients::Producers,
        _ => Clients::All,
    };
    let kind = match fields.next()? {
        "integer" => Kind::Integer,
        "float" => Kind::Float,
        "api" => Kind::Callback,
        _ => Kind::Text,
    };
    let alias_of = fields.next().filter(|target| *target != "-");
    Some(PropertyInfo {
        name,
        clients,
        kind,
        alias_of,
    })
}

/// The form in which all spellings of a property are equal.
pub(crate) fn squeezed(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '.' | '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// What is known of a property, in any spelling.
pub(crate) fn lookup(name: &str) -> Option<PropertyInfo> {
    PROPERTIES.get(&squeezed(name)).copied()
}

/// Whether consumers do not have this property.
pub(crate) fn is_for_producers_only(name: &str) -> bool {
    lookup(name).is_some_and(|info| info.clients == Clients::Producers)
}

/// The name that librdkafka itself uses: the right spelling, and no alias; an unknown name stays.
pub(crate) fn canonical(name: &str) -> String {
    match lookup(name) {
        Some(info) => info.alias_of.unwrap_or(info.name).to_owned(),
        None => name.to_owned(),
    }
}

/// All names that a program can set.
pub(crate) fn settable() -> impl Iterator<Item = &'static str> {
    PROPERTIES
        .values()
        .filter(|info| info.kind != Kind::Callback)
        .map(|info| info.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::config::ClientConfig;

    #[test]
    fn every_listed_property_is_known_to_librdkafka() {
        let native = ClientConfig::new().create_native_config().unwrap();
        for info in PROPERTIES.values() {
            let known = native.get(info.name);
            let unknown = known.is_err_and(|e| e.to_string().contains("Unknown configuration"));
            assert!(!unknown || is_unset(info.name), "{}", info.name);
            if let Some(target) = info.alias_of {
                assert!(lookup(target).is_some(), "{target}");
            }
        }
    }

    // librdkafka answers "unknown" when it is asked for a property without a value; setting a
    // senseless value tells the two apart.
    fn is_unset(name: &str) -> bool {
        let mut config = ClientConfig::new();
        config.set(name, "-");
        match config.create_native_config() {
            Ok(_) => true,
            Err(error) => !error.to_string().contains("No such configuration"),
        }
    }

    #[test]
    fn the_list_is_complete_and_its_spellings_are_unique() {
        let lines = include_str!("property_names.tsv").lines();
        let named = lines.filter(|line| !line.starts_with('#')).count();
        assert_eq!(PROPERTIES.len(), named);
        assert!(named > 150, "{named}");
    }

    #[test]
    fn aliases_and_spellings_lead_to_one_name() {
        for name in ["acks", "request.required.acks", "REQUEST_REQUIRED_ACKS"] {
            assert_eq!(canonical(name), "request.required.acks");
        }
        assert_eq!(canonical("linger.ms"), "queue.buffering.max.ms");
        assert_eq!(canonical("my.plugin.thing"), "my.plugin.thing");
    }
}
