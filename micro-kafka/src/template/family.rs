//! Templates beside the application's own, by name and by topic.

use std::collections::BTreeMap;
use std::fmt;

use super::{KafkaError, KafkaTemplate};

/// Further templates, and which topics go by them.
#[derive(Clone, Default)]
pub(super) struct Family {
    named: BTreeMap<String, KafkaTemplate>,
    /// In the order in which they are tried.
    routes: Vec<(TopicPattern, KafkaTemplate)>,
}

impl Family {
    pub(super) fn add(&mut self, name: &str, topics: &[String], template: KafkaTemplate) {
        let patterns = topics.iter().map(|topic| TopicPattern(topic.clone()));
        self.routes
            .extend(patterns.map(|pattern| (pattern, template.clone())));
        self.named.insert(name.to_owned(), template);
    }

    pub(super) fn named(&self, name: &str) -> Result<&KafkaTemplate, KafkaError> {
        self.named.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.named.keys().map(String::as_str).collect();
            KafkaError::UnknownTemplate {
                name: name.to_owned(),
                known: known.join(", "),
            }
        })
    }

    /// The template that a topic goes by, if it is another one than usual.
    pub(super) fn route(&self, topic: &str) -> Option<&KafkaTemplate> {
        let (_, template) = self
            .routes
            .iter()
            .find(|(pattern, _)| pattern.matches(topic))?;
        Some(template)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &KafkaTemplate> {
        self.named.values()
    }
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.named.keys()).finish()
    }
}

/// Names of topics, in which `*` stands for any text.
#[derive(Clone)]
struct TopicPattern(String);

impl TopicPattern {
    fn matches(&self, topic: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else {
            return self.0 == topic;
        };
        let Some(mut left) = topic.strip_prefix(first) else {
            return false;
        };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in middle.split('*') {
            match left.find(part) {
                Some(at) => left = &left[at + part.len()..],
                None => return false,
            }
        }
        left.len() >= last.len() && left.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let fits = |pattern: &str, topic: &str| TopicPattern(pattern.into()).matches(topic);
        assert!(fits("audit", "audit") && !fits("audit", "audits"));
        assert!(fits("audit-*", "audit-") && fits("audit-*", "audit-logins"));
        assert!(!fits("audit-*", "the-audit-log"));
        assert!(fits("*", "") && fits("*", "anything"));
        assert!(fits("*-log", "a-log") && !fits("*-log", "a-log-b"));
        assert!(fits("a*b*c", "abc") && fits("a*b*c", "a-b-b-c"));
        assert!(!fits("a*b*c", "acb") && !fits("ab*ba", "aba"));
        assert!(fits("a**c", "ac"));
    }
}
