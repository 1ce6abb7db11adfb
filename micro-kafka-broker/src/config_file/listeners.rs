//! Kafka's way to write listeners: `NAME://host:port,…`.

use super::{Mistakes, Setting};

/// A listener of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileListener {
    /// `host:port` to listen on.
    pub(crate) listen: String,
    /// `host:port` that clients are told, if another.
    pub(crate) advertised: Option<String>,
}

/// The listeners for clients, in the order of the file.
pub(super) fn listeners(settings: &[Setting], mistakes: &mut Mistakes) -> Vec<FileListener> {
    let of = |name: &str| settings.iter().find(|setting| setting.name == name);
    let value = |name: &str, default: &str| {
        of(name).map_or_else(|| default.to_owned(), |setting| setting.value.clone())
    };
    let controllers = value("controller.listener.names", "CONTROLLER");
    let is_controller = |name: &str| controllers.split(',').any(|known| known.trim() == name);
    let protocols = value("listener.security.protocol.map", "");
    let Some(given) = of("listeners") else {
        return Vec::new();
    };
    let advertised = match of("advertised.listeners") {
        Some(advertised) => entries(advertised, mistakes),
        None => Vec::new(),
    };
    let mut found = Vec::new();
    for (name, address) in entries(given, mistakes) {
        if is_controller(&name) {
            continue;
        }
        let protocol = protocol(&name, &protocols);
        if protocol != "PLAINTEXT" {
            let reason = format!("listeners: {name} speaks {protocol}; only PLAINTEXT is served");
            mistakes.add(given.value_at, reason);
            continue;
        }
        let told = advertised.iter().find(|(known, _)| *known == name);
        found.push(FileListener {
            // Kafka's file leaves the host out for all of the machine's addresses.
            listen: match address.strip_prefix(':') {
                Some(port) => format!("0.0.0.0:{port}"),
                None => address,
            },
            advertised: told.map(|(_, address)| address.clone()),
        });
    }
    found
}

/// Names and addresses of `NAME://host:port,…`.
fn entries(setting: &Setting, mistakes: &mut Mistakes) -> Vec<(String, String)> {
    let items = setting.value.split(',').map(str::trim);
    let mut found = Vec::new();
    for item in items.filter(|item| !item.is_empty()) {
        match item.split_once("://") {
            Some((name, address)) => {
                found.push((name.to_ascii_uppercase(), address.to_owned()));
            }
            None => {
                let name = &setting.name;
                let reason =
                    format!("{name}: `{item}` has no name (example: PLAINTEXT://127.0.0.1:9092)");
                mistakes.add(setting.value_at, reason);
            }
        }
    }
    found
}

/// The protocol of a listener: that of the map, or its name where that is a protocol's.
fn protocol(name: &str, map: &str) -> String {
    let mapped = map.split(',').find_map(|pair| {
        let (known, protocol) = pair.split_once(':')?;
        let same = known.trim().eq_ignore_ascii_case(name);
        same.then(|| protocol.trim().to_ascii_uppercase())
    });
    mapped.unwrap_or_else(|| match name {
        "SSL" | "SASL_PLAINTEXT" | "SASL_SSL" => name.to_owned(),
        _ => "PLAINTEXT".to_owned(),
    })
}
