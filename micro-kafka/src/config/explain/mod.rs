//! Every setting that counts, with the place it comes from.

mod listener;
mod value;

use std::fmt;

use self::value::{Shown, of_node};
use super::loaded::Config;
use super::placeholder::join;
use super::reference::{self, Key};
use super::{Origin, Properties};

/// All effective settings and their origins, secrets masked.
///
/// Displays as TOML with a comment behind each line; what is set nowhere and has no default is a
/// comment itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    tables: Vec<ExplainedTable>,
}

/// A table and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ExplainedTable {
    path: String,
    lines: Vec<Line>,
}

/// A key, its value if there is one, and where that comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    key: String,
    value: Option<Shown>,
    origin: String,
}

impl Line {
    fn set(key: &str, value: Shown, origin: impl fmt::Display) -> Self {
        Self {
            key: key.to_owned(),
            value: Some(value),
            origin: origin.to_string(),
        }
    }

    /// What counts where nothing was written.
    fn unset(key: &Key) -> Self {
        Self {
            key: key.name.to_owned(),
            value: Shown::default_of(key),
            origin: "default".to_owned(),
        }
    }
}

impl Config {
    /// Every effective setting of `[kafka]` and where it comes from, secrets masked: clients,
    /// templates, and what all listeners share. [`Config::explain_listener`] adds a listener.
    #[must_use]
    pub fn explain(&self) -> Explanation {
        let mut tables = Vec::new();
        for path in [
            "kafka",
            "kafka.config",
            "kafka.security",
            "kafka.ssl",
            "kafka.sasl",
            "kafka.sasl.oauthbearer",
            "kafka.consumer",
            "kafka.producer",
            "kafka.admin",
            "kafka.template",
            "kafka.delayed",
            "kafka.json",
            "kafka.schema-registry",
        ] {
            tables.push(self.explain_table(path, path));
        }
        for name in self.kafka().topics.keys() {
            let path = format!("kafka.topics.{name}");
            tables.push(self.explain_table(&path, "kafka.topics.<name>"));
        }
        let producer = self.producer_properties();
        tables.push(explain_properties("kafka.producer.properties", producer));
        for name in self.kafka().templates.keys() {
            let path = format!("kafka.templates.{name}");
            tables.push(self.explain_table(&path, "kafka.templates.<name>"));
            if let Some(properties) = self.template_properties(name) {
                let path = format!("{path}.properties");
                tables.push(explain_properties(&path, properties));
            }
        }
        Explanation { tables }
    }

    /// The keys of one table, at `path`, which is described in the reference as `described`.
    fn explain_table(&self, path: &str, described: &str) -> ExplainedTable {
        let table = reference::table(described);
        let keys = table.into_iter().flat_map(reference::Table::all_keys);
        let inherited = table.and_then(|table| table.inherits);
        let lines = keys.map(|key| {
            let own = self.tree().at(&join(path, key.name));
            // A prefix is one producer's own.
            let inherits = |_: &&str| key.name != "transaction-id-prefix";
            let above = inherited.filter(inherits);
            let above = above.and_then(|above| self.tree().at(&join(above, key.name)));
            match own.or(above) {
                Some(node) => Line::set(key.name, of_node(key.name, node), &node.origin),
                None => Line::unset(key),
            }
        });
        ExplainedTable {
            path: path.to_owned(),
            lines: lines.collect(),
        }
    }
}

fn explain_properties(path: &str, properties: &Properties) -> ExplainedTable {
    let lines = properties.iter().map(|(name, value, origin)| {
        let secret = properties.is_secret(name);
        let origin = match origin {
            Origin::Default => "default".to_owned(),
            other => other.to_string(),
        };
        Line::set(name, Shown::text(value, secret), origin)
    });
    ExplainedTable {
        path: path.to_owned(),
        lines: lines.collect(),
    }
}

impl Explanation {
    /// How the memory budget is split: by client, its size, and why that much.
    pub(crate) fn of_shares(shares: impl Iterator<Item = (String, String, String)>) -> Self {
        let lines = shares
            .map(|(client, size, reason)| Line::set(&client, Shown::text(&size, false), reason));
        Self {
            tables: vec![ExplainedTable {
                path: "kafka.memory-budget".to_owned(),
                lines: lines.collect(),
            }],
        }
    }

    /// This explanation and `other` behind it.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.tables.extend(other.tables);
        self
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, table) in self.tables.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            writeln!(f, "[{}]", table.path)?;
            for line in &table.lines {
                match &line.value {
                    Some(value) => {
                        let set = format!("{} = {value}", line.key);
                        writeln!(f, "{set:<48} # {}", line.origin)?;
                    }
                    None => writeln!(f, "# {} is not set", line.key)?,
                }
            }
        }
        Ok(())
    }
}
