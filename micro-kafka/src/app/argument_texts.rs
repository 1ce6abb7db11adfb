//! An attribute's arguments as settings would say them.

use super::registration::Arguments;

impl Arguments {
    /// The arguments under the keys of `[kafka.listeners.<id>]`.
    pub(super) fn as_texts(&self) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        let mut put = |key: &str, value: Option<String>| {
            texts.extend(value.map(|value| (key.to_owned(), value)))
        };
        put(
            "topics",
            (!self.topics.is_empty()).then(|| self.topics.join(",")),
        );
        put("group_id", self.group_id.clone());
        put("client_id", self.client_id.clone());
        put("concurrency", self.concurrency.map(|n| n.to_string()));
        put(
            "auto_startup",
            self.auto_startup.map(|start| start.to_string()),
        );
        put("order", self.order.map(|order| order.to_string()));
        put("parallelism", self.parallelism.map(|most| most.to_string()));
        put("dispatch", self.dispatch.map(|way| way.to_string()));
        put("timeout", self.timeout.clone());
        put("rate_limit", self.rate_limit.clone());
        for (key, value) in self.guards() {
            put(&key, Some(value));
        }
        put("spans", self.spans.map(|spans| spans.to_string()));
        put(
            "metric_tags",
            (!self.metric_tags.is_empty()).then(|| self.metric_tags.join(",")),
        );
        put("idempotency_store", self.idempotency_store.clone());
        put("idempotency_window", self.idempotency_window.clone());
        put("ack_mode", self.ack_mode.map(|mode| mode.to_string()));
        put("retry.attempts", self.retry.attempts.map(|n| n.to_string()));
        put(
            "retry.backoff",
            self.retry.back_off.map(|back_off| back_off.to_string()),
        );
        put("topic_pattern", self.topic_pattern.clone());
        let partitions = &self.topic_partitions;
        put(
            "topic_partitions",
            (!partitions.is_empty()).then(|| partitions.join(";")),
        );
        put("container", self.container.clone());
        put("batch.max", self.batch.max.map(|max| max.to_string()));
        put(
            "batch.linger",
            self.batch
                .linger
                .map(|wait| format!("{}ms", wait.as_millis())),
        );
        if let Some(transaction) = self.transactional {
            put("transactional", Some("true".to_owned()));
            put(
                "transaction.max",
                transaction.max.map(|max| max.to_string()),
            );
            put(
                "transaction.linger",
                transaction
                    .linger
                    .map(|wait| format!("{}ms", wait.as_millis())),
            );
        }
        put("error_handler", self.error_handler.clone());
        put("dead_letter_topic", self.dead_letter_topic.clone());
        let recoverer = self.recoverer.map(|recoverer| recoverer.name().to_owned());
        put("recoverer", recoverer);
        put("send_to", self.send_to.clone());
        put("info", self.info.clone());
        for (key, value) in &self.retryable {
            put(&format!("retry_topic.{key}"), Some(value.clone()));
        }
        for (name, value) in &self.properties {
            put(&format!("properties.{name}"), Some(value.clone()));
        }
        texts
    }

    /// What keeps records from beginning, or from doing harm.
    fn guards(&self) -> Vec<(String, String)> {
        let tables = [
            ("breaker", &self.breaker),
            ("quarantine", &self.quarantine),
            ("retry-budget", &self.retry_budget),
        ];
        let texts = tables.into_iter().flat_map(|(table, values)| {
            let texts = values.iter();
            texts.map(move |(key, value)| (format!("{table}.{key}"), value.clone()))
        });
        texts.collect()
    }
}
