//! `[kafka.template]` (the application's own) and `[kafka.templates.<name>]` (further ones).

use std::time::Duration;

use super::ProducerSettings;
use super::names::{check_topic, check_topic_pattern};
use super::section::Section;
use super::values::{checked, integer, list, positive_duration};

/// Settings of the application's own template.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateSettings {
    /// `default-topic`: where records go that name no topic.
    pub default_topic: Option<String>,
    /// `reply-topic`: where the answers to requests come back.
    pub reply_topic: Option<String>,
    /// `reply-partition`: the partition of it that is this instance's own; by default all are read.
    pub reply_partition: Option<i32>,
    /// `reply-timeout`: how long a request waits for its answer, unless it says otherwise. Default
    /// 5 s.
    pub reply_timeout: Duration,
}

impl Default for TemplateSettings {
    fn default() -> Self {
        Self {
            default_topic: None,
            reply_topic: None,
            reply_partition: None,
            reply_timeout: Duration::from_secs(5),
        }
    }
}

impl TemplateSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let settings = Self {
            default_topic: section.read("default-topic", checked(check_topic)),
            reply_topic: section.read("reply-topic", checked(check_topic)),
            reply_partition: section.read("reply-partition", integer(0..=i32::MAX)),
            reply_timeout: section
                .read("reply-timeout", positive_duration)
                .unwrap_or(default.reply_timeout),
        };
        section.refuse_unknown();
        settings
    }
}

/// Settings of a template beside the application's own: what it does not say is as in
/// `[kafka.producer]`, but for the `transaction-id-prefix`, which is each template's own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NamedTemplateSettings {
    /// `topics`: what is sent to topics of these names by the application's template goes by this
    /// one; `*` stands for any text.
    pub topics: Vec<String>,
    /// `default-topic`: where records go that name no topic.
    pub default_topic: Option<String>,
    /// The keys of `[kafka.producer]`.
    pub producer: ProducerSettings,
}

impl NamedTemplateSettings {
    pub(crate) fn read(mut section: Section<'_>, producer: &ProducerSettings) -> Self {
        let settings = Self {
            topics: section
                .read("topics", list(check_topic_pattern))
                .unwrap_or_default(),
            default_topic: section.read("default-topic", checked(check_topic)),
            producer: ProducerSettings::read_over(&mut section, producer),
        };
        section.refuse_unknown();
        settings
    }
}
