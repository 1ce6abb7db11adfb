//! What a template calls of the program's own.

use std::fmt;
use std::sync::Arc;

use super::delayed::Postponing;
use super::{
    ErrorHook, OutboundRecord, ProducerInterceptor, ProducerListener, SendError, SendResult,
    TemplateConfig,
};
use crate::claim_check::ClaimWriter;
use crate::client::{DeliveryHook, FailureHook, ProducerHooks};
use crate::codec::Codecs;

/// Interceptors in the order of their calls.
#[derive(Clone)]
pub(super) struct Interceptors(Arc<[Arc<dyn ProducerInterceptor>]>);

impl Interceptors {
    pub(super) fn before_send(&self, record: &mut OutboundRecord<'_>) {
        for interceptor in self.0.iter() {
            interceptor.before_send(record);
        }
    }
}

impl fmt::Debug for Interceptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interceptors({})", self.0.len())
    }
}

/// What a send needs of them.
#[derive(Debug, Clone)]
pub(super) struct Hooks {
    pub(super) errors: ErrorHook,
    pub(super) interceptors: Option<Interceptors>,
    /// Where delayed sends are on.
    pub(super) delayed: Option<Arc<Postponing>>,
    pub(super) codecs: Codecs,
    /// Where large payloads go to a store.
    pub(super) claims: Option<ClaimWriter>,
}

impl Hooks {
    /// Only that error hook.
    pub(super) fn telling(errors: ErrorHook) -> Self {
        Self {
            errors,
            interceptors: None,
            delayed: None,
            codecs: Codecs::default(),
            claims: None,
        }
    }

    pub(super) fn of(config: &TemplateConfig) -> Self {
        let interceptors = config.interceptors.as_slice();
        Self {
            errors: config.error_hook.clone(),
            interceptors: (!interceptors.is_empty()).then(|| Interceptors(interceptors.into())),
            delayed: Postponing::of(config).map(Arc::new),
            codecs: config.codecs.clone(),
            claims: config.claim_check.as_ref().and_then(ClaimWriter::new),
        }
    }
}

/// What a producer of that configuration calls; failures that nobody awaits go to `failures`.
pub(super) fn producer_hooks(config: &TemplateConfig, failures: FailureHook) -> ProducerHooks {
    ProducerHooks {
        failures,
        deliveries: config.listener.clone().map(deliveries),
        partitioner: config.partitioner.clone(),
        meters: Some(Arc::clone(&config.meters)),
    }
}

fn deliveries(listener: Arc<dyn ProducerListener>) -> DeliveryHook {
    DeliveryHook::new(move |topic, report| match report {
        Ok(stored) => listener.on_success(&SendResult {
            topic,
            partition: stored.partition,
            offset: stored.offset,
            timestamp: stored.timestamp,
        }),
        Err(failure) => listener.on_error(&SendError::from(failure)),
    })
}
