//! Retry topics as Spring Kafka names and writes them, and who goes where.

mod choosing;
mod golden;
mod naming;

use std::sync::Arc;

use super::*;
use crate::config::{RetrySettings, RetryTopicSettings};

pub(super) fn policy(change: impl FnOnce(&mut RetryTopicSettings)) -> RetryTopicPolicy {
    let mut settings = RetryTopicSettings::default();
    change(&mut settings);
    RetryTopicPolicy::new(&settings, &RetrySettings::default())
}

pub(super) fn topics(policy: RetryTopicPolicy, source: &str) -> Arc<RetryTopics> {
    let sources = [source.to_owned()];
    Arc::new(RetryTopics::new("charge".into(), policy, &sources, "billing", None).unwrap())
}
