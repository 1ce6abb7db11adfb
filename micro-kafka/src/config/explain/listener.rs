//! One listener, whose settings come from several places.

use super::value::{Shown, of_node};
use super::{ExplainedTable, Explanation, Line, explain_properties};
use crate::config::listener_resolution::ListenerResolution;
use crate::config::placeholder::join;
use crate::config::reference::{self, Key};
use crate::config::tree::{Node, Table};
use crate::config::{Config, ConfigErrors, ListenerAttributes};

/// The ways to say which topics are read; the first place that uses one of them decides.
const TOPICS: [&str; 3] = ["topics", "topic-pattern", "topic-partitions"];

impl Config {
    /// Every effective setting of a listener and where it comes from: `[kafka.listeners.<id>]`,
    /// its attribute, its container's profile, `[kafka.listener]`, or the default; then every
    /// librdkafka property of its consumers.
    ///
    /// # Errors
    /// Those of [`Config::listener`].
    pub fn explain_listener(
        &self,
        attributes: &ListenerAttributes<'_>,
    ) -> Result<Explanation, ConfigErrors> {
        let resolved = self.listener(attributes)?;
        let (attribute, _) = ListenerResolution::new(self.loaded()).attribute_table(attributes);
        let path = format!("kafka.listeners.{}", attributes.id);
        let mut places = Places(Vec::new());
        places.push(self.tree().at(&path).and_then(Node::table));
        places.push(attribute.as_ref());
        let profile = places.find("container").and_then(Node::as_text);
        if let Some(name) = profile {
            let table = self.tree().at(&format!("kafka.containers.{name}"));
            places.push(table.and_then(Node::table));
        }
        places.push(self.tree().at("kafka.listener").and_then(Node::table));
        let mut tables = vec![places.explain(&path, "")];
        self.explain_group(&mut tables[0], attributes, &resolved.group_id);
        let inner = [
            "batch",
            "transaction",
            "breaker",
            "quarantine",
            "retry-budget",
            "retry",
            "dead-letters",
            "alarm",
        ];
        tables.extend(inner.map(|inner| places.explain(&path, inner)));
        for variant in resolved.retry.errors.keys() {
            tables.push(places.explain(&path, &format!("retry.{variant}")));
        }
        if resolved.retry_topic.is_some() {
            tables.push(places.explain(&path, "retry-topic"));
        }
        let properties = &resolved.consumer_properties;
        tables.push(explain_properties(&join(&path, "properties"), properties));
        Ok(Explanation { tables })
    }

    /// A listener without a group of its own has that of all consumers, or is named by its id.
    fn explain_group(
        &self,
        table: &mut ExplainedTable,
        attributes: &ListenerAttributes<'_>,
        group: &str,
    ) {
        let origin = match self.tree().at("kafka.consumer.group-id") {
            Some(node) => format!("{}, kafka.consumer.group-id", node.origin),
            None => format!("{}, the listener's id", attributes.origin),
        };
        let mut lines = table.lines.iter_mut();
        let unset = lines.find(|line| line.key == "group-id" && line.value.is_none());
        if let Some(line) = unset {
            *line = Line::set("group-id", Shown::text(group, false), origin);
        }
    }
}

/// The tables that speak of a listener, the strongest first.
struct Places<'t>(Vec<&'t Table>);

impl<'t> Places<'t> {
    fn push(&mut self, table: Option<&'t Table>) {
        self.0.extend(table);
    }

    fn find(&self, key: &str) -> Option<&'t Node> {
        if !TOPICS.contains(&key) {
            return self.0.iter().find_map(|table| table.at(key));
        }
        let names_topics = |table: &&&Table| TOPICS.iter().any(|way| table.at(way).is_some());
        self.0.iter().find(names_topics)?.at(key)
    }

    /// The listener's own keys, or those of a table in it.
    fn explain(&self, listener: &str, inner: &str) -> ExplainedTable {
        let described = match inner.split_once('.') {
            Some((table, _)) => format!("kafka.listener.{table}.<Variant>"),
            None => join("kafka.listener", inner),
        };
        let described = described.trim_end_matches('.');
        let table = reference::table(described);
        let keys = table.into_iter().flat_map(reference::Table::all_keys);
        let line = |key: &Key| match self.find(join(inner, key.name).trim_start_matches('.')) {
            Some(node) => Line::set(key.name, of_node(key.name, node), &node.origin),
            None => Line::unset(key),
        };
        ExplainedTable {
            path: join(listener, inner).trim_end_matches('.').to_owned(),
            lines: keys.map(line).collect(),
        }
    }
}
