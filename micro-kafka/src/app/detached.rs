//! A listener without a consumer.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::kafka_app::KafkaApp;
use super::resolve::Plan;
use super::retry_topics::{error_handler, recoverer};
use crate::__private::v1::Detached;
use crate::claim_check::ClaimCheck;
use crate::error::{Action, BoxError, ErrorHandler, ListenerError, Recover, Recovered, Way};
use crate::listener::{
    Delivery, Finished, HandlerSlot, ListenerContext, ListenerEndpoint, States, unthrottled,
};
use crate::record::Record;

/// A listener with its settings, error handler and recoverer, but without a consumer: records are
/// handed to it one by one. See [`KafkaApp::detach`].
///
/// What a container does with a record is left to the caller: to ask
/// [`decide`](Self::decide) after a failure, and to [`recover`](Self::recover).
#[derive(Debug)]
pub struct DetachedListener {
    endpoint: ListenerEndpoint,
    detached: Mutex<Detached>,
    error_handler: Arc<dyn ErrorHandler>,
    recoverer: Arc<dyn Recover>,
}

impl DetachedListener {
    pub(super) fn all(mut app: KafkaApp) -> Vec<Self> {
        let namespace: Arc<str> = app.config.kafka().namespaced("").into();
        let plans = std::mem::take(&mut app.plans);
        let listener = |mut plan: Plan| {
            plan.endpoint.handler = unthrottled(
                &plan.endpoint,
                &app.clock,
                &app.layers,
                app.states.get::<ClaimCheck>(),
            );
            Self::of(plan, &app, &namespace)
        };
        plans.into_iter().map(listener).collect()
    }

    fn of(plan: Plan, app: &KafkaApp, namespace: &Arc<str>) -> Self {
        Self {
            error_handler: plan
                .error_handler
                .clone()
                .or_else(|| app.error_handler.clone())
                .unwrap_or_else(|| error_handler(&plan)),
            recoverer: recoverer(
                &plan,
                app.recoverer.clone(),
                &app.template,
                &app.clock,
                None,
            ),
            detached: Mutex::new(
                Detached::of(context(&plan, namespace, &app.states))
                    .within(plan.endpoint.payload_limits),
            ),
            endpoint: plan.endpoint,
        }
    }

    /// The listener as it would run.
    #[must_use]
    pub fn endpoint(&self) -> &ListenerEndpoint {
        &self.endpoint
    }

    /// A delivery of that record, the attempt counted from 1.
    #[must_use]
    pub fn delivery(&self, record: impl Into<Record>, attempt: u32) -> Delivery {
        self.detached.lock().delivery(record, attempt)
    }

    /// Runs the handler, its arguments taken from the delivery; a panic is an error.
    pub async fn handle(&self, delivery: Delivery) -> Finished {
        let mut slot = HandlerSlot::default();
        let finished = match self.endpoint.handler.start(delivery, &mut slot) {
            Ok(finished) => finished,
            Err(handler) => handler.await,
        };
        let mut finished = finished.of_one();
        if let Err(error) = &finished.result {
            finished.delivery.failed(error);
        }
        finished
    }

    /// What a container would do after this failure.
    #[must_use]
    pub fn decide(&self, delivery: &Delivery, error: &ListenerError) -> Action {
        match self.error_handler.handle(delivery, error) {
            Action::RetryTopic(delay) if !self.recoverer.has_retry_topics() => {
                Action::RetryAfter(delay)
            }
            action => action,
        }
    }

    /// The same record once more.
    #[must_use]
    pub fn again(&self, delivery: Delivery) -> Delivery {
        let attempt = delivery.attempt().saturating_add(1);
        let (record, history) = delivery.into_record();
        let mut again = self.delivery(record, attempt);
        again.history = history;
        again
    }

    /// Disposes of a record that is not tried again.
    ///
    /// # Errors
    /// If the recoverer fails.
    pub async fn recover(
        &self,
        way: Way,
        delivery: Delivery,
        error: ListenerError,
    ) -> (Delivery, ListenerError, Result<Recovered, BoxError>) {
        self.recoverer.recover_by(way, delivery, error).await
    }

    /// What a handler's `Acknowledgment` said next, with the record's offset: that it is done, or
    /// after which time it is to be delivered again.
    #[must_use]
    pub fn said(&self) -> Option<(i64, Option<Duration>)> {
        self.detached.lock().said()
    }
}

fn context(plan: &Plan, namespace: &Arc<str>, states: &Arc<States>) -> ListenerContext {
    ListenerContext {
        id: Arc::clone(&plan.endpoint.id),
        group_id: Arc::clone(&plan.endpoint.group_id),
        namespace: Arc::clone(namespace),
        states: Arc::clone(states),
        send_to: plan.endpoint.send_to.clone(),
        info: plan.endpoint.info.clone(),
        retry_topics: plan.endpoint.retry_topics.clone(),
    }
}
