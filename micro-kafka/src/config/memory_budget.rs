//! `memory-budget` and the sizes of single buffers, which it has to hold.

use super::size::show_size;
use super::tree::Table;
use super::{ConfigError, KafkaSettings, Properties};

const BUDGET: &str = "kafka.memory-budget";

/// The sizes among librdkafka's properties, and how many bytes one of them counts.
const SIZES: [(&str, u64); 3] = [
    ("queue.buffering.max.kbytes", 1_024),
    ("queued.max.messages.kbytes", 1_024),
    ("fetch.message.max.bytes", 1),
];

/// Sizes that somebody wrote and that are larger than the budget of all buffers together.
pub(super) fn budget_conflicts(kafka: &KafkaSettings, tree: &Table) -> Vec<ConfigError> {
    let Some(budget) = kafka.memory_budget else {
        return Vec::new();
    };
    let check = Check { budget, tree };
    let mut errors = Vec::new();
    check.settings(kafka, &mut errors);
    check.properties("kafka.properties", &kafka.properties, &mut errors);
    let common = [
        ("kafka.consumer.properties", &kafka.consumer.properties),
        ("kafka.producer.properties", &kafka.producer.properties),
        ("kafka.listener.properties", &kafka.listener.properties),
    ];
    for (path, properties) in common {
        check.properties(path, properties, &mut errors);
    }
    let listeners = kafka.listeners.iter().map(|all| ("listeners", all));
    let containers = kafka.containers.iter().map(|all| ("containers", all));
    for (table, (name, settings)) in listeners.chain(containers) {
        let path = format!("kafka.{table}.{name}.properties");
        check.properties(&path, &settings.properties, &mut errors);
    }
    for (name, template) in &kafka.templates {
        let path = format!("kafka.templates.{name}.properties");
        check.properties(&path, &template.producer.properties, &mut errors);
    }
    errors
}

struct Check<'t> {
    budget: u64,
    tree: &'t Table,
}

impl Check<'_> {
    fn settings(&self, kafka: &KafkaSettings, errors: &mut Vec<ConfigError>) {
        let mut sizes = vec![
            (
                "kafka.producer.buffer-memory".to_owned(),
                kafka.producer.buffer_memory,
            ),
            (
                "kafka.delayed.memory".to_owned(),
                Some(kafka.delayed.memory),
            ),
            (
                "kafka.listener.max-uncommitted-bytes".to_owned(),
                kafka.listener.max_uncommitted_bytes,
            ),
        ];
        let listeners = kafka.listeners.iter().map(|all| ("listeners", all));
        let containers = kafka.containers.iter().map(|all| ("containers", all));
        sizes.extend(listeners.chain(containers).map(|(table, (name, own))| {
            let path = format!("kafka.{table}.{name}.max-uncommitted-bytes");
            (path, own.max_uncommitted_bytes)
        }));
        sizes.extend(kafka.templates.iter().map(|(name, template)| {
            let path = format!("kafka.templates.{name}.buffer-memory");
            (path, template.producer.buffer_memory)
        }));
        for (path, bytes) in sizes {
            if let (Some(bytes), Some(node)) = (bytes, self.tree.at(&path))
                && bytes > self.budget
            {
                errors.push(self.error(&path, bytes).at(&node.origin));
            }
        }
    }

    fn properties(&self, path: &str, properties: &Properties, errors: &mut Vec<ConfigError>) {
        for (name, unit) in SIZES {
            let number = properties
                .get(name)
                .and_then(|text| text.trim().parse::<u64>().ok());
            let bytes = number.map(|number| number.saturating_mul(unit));
            if let (Some(bytes), Some(origin)) = (bytes, properties.origin(name))
                && bytes > self.budget
            {
                errors.push(self.error(&format!("{path}.{name}"), bytes).at(origin));
            }
        }
    }

    fn error(&self, path: &str, bytes: u64) -> ConfigError {
        let place = self.tree.at(BUDGET).map(|node| node.origin.to_string());
        let reason = format!(
            "{} is more than all buffers together may take: memory-budget, at {}, is {}",
            show_size(bytes),
            place.unwrap_or_default(),
            show_size(self.budget)
        );
        let hint = "leave it out, so that it gets its share, or raise the budget";
        ConfigError::conflict(reason).key(path).hint(hint)
    }
}
