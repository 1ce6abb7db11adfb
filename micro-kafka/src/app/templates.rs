//! The application's own template, with the named ones beside it.

use std::fmt;
use std::sync::Arc;

use super::memory::{self, Shares};
use crate::claim_check::ClaimCheck;
use crate::client::ConfigError;
use crate::clock::Clock;
use crate::codec::Codecs;
use crate::config::Config;
use crate::delayed::DelayedTopic;
use crate::observe::MetricTags;
use crate::template::{ErrorHook, KafkaTemplate, TemplateConfig};

type Change = dyn Fn(Option<&str>, TemplateConfig) -> TemplateConfig + Send + Sync;

/// What the program changes in the configuration of templates.
#[derive(Clone, Default)]
pub(super) struct TemplateChange(Option<Arc<Change>>);

impl TemplateChange {
    pub(super) fn new(
        change: impl Fn(Option<&str>, TemplateConfig) -> TemplateConfig + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(change)))
    }

    fn apply(&self, name: Option<&str>, config: TemplateConfig) -> TemplateConfig {
        match &self.0 {
            Some(change) => change(name, config),
            None => config,
        }
    }
}

impl fmt::Debug for TemplateChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TemplateChange")
            .field(&self.0.is_some())
            .finish()
    }
}

/// What all templates of an application are made with.
pub(super) struct Making<'a> {
    pub(super) config: &'a Config,
    pub(super) codecs: &'a Codecs,
    pub(super) hook: &'a ErrorHook,
    pub(super) tags: &'a MetricTags,
    pub(super) claim_check: Option<&'a ClaimCheck>,
    pub(super) change: &'a TemplateChange,
    pub(super) clock: &'a Clock,
}

/// Makes all templates; none of them connects before its first send. Each producer has that share of
/// the memory, unless somebody wrote what it may take.
pub(super) fn template(
    making: &Making<'_>,
    shares: Option<&Shares>,
) -> Result<KafkaTemplate, ConfigError> {
    let Making { config, clock, .. } = making;
    let make = |name, mut made: TemplateConfig| {
        made.error_hook = making.hook.clone();
        made.codecs = making.codecs.clone();
        made.metric_tags = making.tags.clone();
        made.claim_check = making.claim_check.cloned();
        if let Some(shares) = shares {
            made = memory::bounded(made, name, config, shares);
        }
        KafkaTemplate::at_first_use(making.change.apply(name, made))
    };
    let mut own = TemplateConfig::from(*config);
    own.delayed = config.kafka().delayed.topic.as_deref().map(|topic| {
        let mut delayed = DelayedTopic::new(topic);
        delayed.clock = (*clock).clone();
        delayed
    });
    let mut template = make(None, own)?;
    for (name, settings) in &config.kafka().templates {
        if let Some(named) = TemplateConfig::named(config, name) {
            let named = make(Some(name), named)?;
            template = template.with_template(name, &settings.topics, named);
        }
    }
    Ok(template)
}
