//! Listeners that a program registers by itself, beside the annotated ones.

use std::any::TypeId;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use tower_layer::Layer;
use tower_service::Service;

use super::registration::{Arguments, Code, Registration};
use super::retryable::Retryable;
use crate::__private::v1::{caught, finished_batch, guard};
use crate::config::Recoverer;
use crate::error::{BoxError, ErrorHandler, ListenerError};
use crate::idempotent::IdempotentDef;
use crate::listener::{
    AckMode, BatchDef, BatchOutcome, BatchResult, BreakerSpec, Delivery, Dispatch, Filter,
    Finished, Handled, Handler, HandlerFuture, HandlerService, LISTENERS, MissingResult, Order,
    QuarantineSpec, RetryBudgetSpec, RetryDef, SendTo, Source, TransactionDef,
};
use crate::record::Record;

/// What a closure listener returns: usually `Box::pin(async move { … })`.
pub type RecordFuture<'r> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'r>>;

/// What a closure for batches returns: each record's result, or one for all.
pub type BatchFuture<'r> =
    Pin<Box<dyn Future<Output = Result<Vec<Result<(), BoxError>>, BoxError>> + Send + 'r>>;

/// A listener made by the program: for handlers that are known only at run time, and for static
/// libraries, whose annotated listeners the linker drops.
#[derive(Debug)]
#[must_use = "a listener does nothing until `KafkaApp::builder().register(…)` takes it"]
pub struct Listener(Registration);

impl Listener {
    /// A listener with an id, which is its group as well unless [`Listener::group_id`] is called.
    #[track_caller]
    pub fn new<F>(id: impl Into<String>, handler: F) -> Self
    where
        F: for<'r> Fn(&'r Record) -> RecordFuture<'r> + Send + Sync + 'static,
    {
        let handler = Arc::new(handler);
        let invoke = move |delivery: Delivery| -> HandlerFuture {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let call = async {
                    handler(delivery.record())
                        .await
                        .map_err(ListenerError::from_error)
                };
                let result = caught(guard(call).await);
                Finished { delivery, result }
            })
        };
        Self::closure(id.into(), Handler::Closure(Arc::new(invoke)))
    }

    /// A listener that takes several records of a partition at once; it returns the result of each,
    /// by their order.
    #[track_caller]
    pub fn batch<F>(id: impl Into<String>, handler: F) -> Self
    where
        F: for<'r> Fn(Vec<&'r Record>) -> BatchFuture<'r> + Send + Sync + 'static,
    {
        let handler = Arc::new(handler);
        let invoke = move |delivery: Delivery| -> HandlerFuture {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let call = async {
                    let records = delivery.batch().map(Delivery::record);
                    let records = records.collect::<Vec<_>>();
                    let count = records.len();
                    let results = handler(records).await;
                    let results = results.map_err(ListenerError::from_error)?;
                    let each = BatchResult::of(count, results).each(
                        ListenerError::from_error,
                        ListenerError::from_error::<MissingResult>,
                        ListenerError::not_reached,
                    );
                    Ok(BatchOutcome::Each(each))
                };
                let result = caught(guard(call).await);
                finished_batch(delivery, result)
            })
        };
        let mut listener = Self::closure(id.into(), Handler::Closure(Arc::new(invoke)));
        listener.0.code.batch = true;
        listener
    }

    /// Another listener by an annotated function, with all that its attribute declares: only the id,
    /// which is its group as well unless that is set, is another.
    #[track_caller]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a function item is passed to name it"
    )]
    pub fn like<F: 'static>(id: impl Into<String>, function: F) -> Self {
        let _ = function;
        let declared = LISTENERS
            .iter()
            .find(|def| (def.function)() == TypeId::of::<F>());
        let Some(declared) = declared else {
            let invoke = |delivery: Delivery| -> HandlerFuture {
                let result = Ok(());
                Box::pin(std::future::ready(Finished { delivery, result }))
            };
            let mut listener = Self::closure(id.into(), Handler::Closure(Arc::new(invoke)));
            listener.0.check = |boot| {
                boot.problem("its function has no `#[kafka_listener]` attribute");
            };
            return listener;
        };
        let mut registration = Registration::from(declared);
        registration.id = id.into();
        registration.explicit_id = true;
        registration.source = Some(called_at());
        registration.arguments.group_id = None;
        Self(registration)
    }

    #[track_caller]
    pub(super) fn closure(id: String, handler: Handler) -> Self {
        Self(Registration {
            id,
            explicit_id: true,
            source: Some(called_at()),
            arguments: Arguments::default(),
            handler,
            check: |_| (),
            variants: None,
            code: Code::default(),
            function: None,
            dlt_of: None,
        })
    }

    /// The topics; placeholders allowed.
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        let arguments = &mut self.0.arguments;
        arguments.topics = topics.into_iter().map(Into::into).collect();
        arguments.topic_pattern = None;
        arguments.topic_partitions.clear();
        self
    }

    /// A pattern of topics instead, a POSIX regular expression that they match as a whole.
    pub fn topic_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.0.arguments.topics.clear();
        self.0.arguments.topic_pattern = Some(pattern.into());
        self
    }

    /// Partitions instead, without a group's assignment, such as `orders[0-5,7]@earliest`.
    pub fn topic_partitions<T: Into<String>>(
        mut self,
        partitions: impl IntoIterator<Item = T>,
    ) -> Self {
        self.0.arguments.topics.clear();
        self.0.arguments.topic_partitions = partitions.into_iter().map(Into::into).collect();
        self
    }

    /// The table `[kafka.containers.<name>]` whose settings count where this listener has none.
    pub fn container(mut self, name: impl Into<String>) -> Self {
        self.0.arguments.container = Some(name.into());
        self
    }

    /// The prefix of its consumers' `client.id`.
    pub fn client_id(mut self, prefix: impl Into<String>) -> Self {
        self.0.arguments.client_id = Some(prefix.into());
        self
    }

    /// Which records it handles; all others count as done.
    pub fn filter(mut self, keep: impl Fn(&Record) -> bool + Send + Sync + 'static) -> Self {
        self.0.code.filter = Some(Filter::new(keep));
        self
    }

    /// Who decides about its failures.
    pub fn error_handler(mut self, handler: impl ErrorHandler + 'static) -> Self {
        self.0.code.error_handler = Some(Arc::new(handler));
        self
    }

    /// Who takes the records that are not tried again.
    pub fn recoverer(mut self, recoverer: Recoverer) -> Self {
        self.0.arguments.recoverer = Some(recoverer);
        self
    }

    /// Where its dead letters go, instead of `<topic>-dlt`.
    pub fn dead_letter_topic(mut self, topic: impl Into<String>) -> Self {
        self.0.arguments.dead_letter_topic = Some(topic.into());
        self
    }

    /// Who decides about its failures: a handler of the application, by its name.
    pub fn error_handler_named(mut self, name: impl Into<String>) -> Self {
        self.0.arguments.error_handler = Some(name.into());
        self
    }

    /// The topic that gets what a [replying](Listener::replying) listener returns; placeholders
    /// allowed.
    pub fn send_to(mut self, topic: impl Into<String>) -> Self {
        self.0.arguments.send_to = Some(topic.into());
        self
    }

    pub(super) fn with_replies(mut self, to: SendTo) -> Self {
        self.0.code.replies = Some(to);
        self
    }

    /// How batches are collected.
    pub fn batch_of(mut self, batch: BatchDef) -> Self {
        self.0.arguments.batch = batch;
        self
    }

    /// Input, output and offsets in one transaction.
    pub fn transactional(mut self, transaction: TransactionDef) -> Self {
        self.0.arguments.transactional = Some(transaction);
        self
    }

    /// A text that its handler may take as `Info`.
    pub fn info(mut self, info: impl Into<String>) -> Self {
        self.0.arguments.info = Some(info.into());
        self
    }

    /// The consumer group.
    pub fn group_id(mut self, group: impl Into<String>) -> Self {
        self.0.arguments.group_id = Some(group.into());
        self
    }

    /// How many consumers, each on its own thread.
    pub fn concurrency(mut self, consumers: u32) -> Self {
        self.0.arguments.concurrency = Some(consumers);
        self
    }

    /// Whether it starts with the application; default yes.
    pub fn auto_startup(mut self, start: bool) -> Self {
        self.0.arguments.auto_startup = Some(start);
        self
    }

    /// Which records wait for one another.
    pub fn order(mut self, order: Order) -> Self {
        self.0.arguments.order = Some(order);
        self
    }

    /// The most handlers at work for one consumer.
    pub fn parallelism(mut self, handlers: u32) -> Self {
        self.0.arguments.parallelism = Some(handlers);
        self
    }

    /// Where the handler runs.
    pub fn dispatch(mut self, dispatch: Dispatch) -> Self {
        self.0.arguments.dispatch = Some(dispatch);
        self
    }

    /// How long an attempt may take, as in `"5s"`; placeholders allowed.
    pub fn timeout(mut self, limit: impl Into<String>) -> Self {
        self.0.arguments.timeout = Some(limit.into());
        self
    }

    /// How many records may begin in a time, as in `"100/s"`; placeholders allowed.
    pub fn rate_limit(mut self, limit: impl Into<String>) -> Self {
        self.0.arguments.rate_limit = Some(limit.into());
        self
    }

    /// Handles each key once: what `#[idempotent]` is for annotated functions.
    pub fn idempotent(mut self, idempotent: IdempotentDef) -> Self {
        let arguments = &mut self.0.arguments;
        arguments.idempotency_store = idempotent.store.map(Into::into);
        arguments.idempotency_window = idempotent.window.map(Into::into);
        self.0.code.idempotency_key = Some(idempotent.key);
        self
    }

    /// Puts a `tower` layer around its handler, inside of those of the application; of several, the
    /// first one is the outermost.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HandlerService> + Send + Sync + 'static,
        L::Service: Service<Delivery, Response = Handled> + Send + 'static,
        <L::Service as Service<Delivery>>::Error: Into<BoxError>,
        <L::Service as Service<Delivery>>::Future: Send + 'static,
    {
        self.0.code.layers.push(layer);
        self
    }

    /// Stops for a while when more than half of the last attempts failed; see [`BreakerSpec`].
    pub fn breaker(mut self, breaker: BreakerSpec) -> Self {
        self.0.arguments.breaker = vec![
            ("enabled".to_owned(), "true".to_owned()),
            ("window".to_owned(), breaker.window.to_string()),
            ("wait".to_owned(), breaker.wait.to_string()),
        ];
        self
    }

    /// Bounds how many records go to retry topics and dead letters; see [`RetryBudgetSpec`].
    pub fn retry_budget(mut self, budget: RetryBudgetSpec) -> Self {
        self.0.arguments.retry_budget = vec![
            ("enabled".to_owned(), "true".to_owned()),
            ("percent".to_owned(), budget.percent.to_string()),
            ("at-least".to_owned(), budget.at_least.to_string()),
        ];
        self
    }

    /// Sends a record that kills its processes to the dead letters; see [`QuarantineSpec`].
    pub fn quarantine(mut self, quarantine: QuarantineSpec) -> Self {
        self.0.arguments.quarantine = vec![
            ("enabled".to_owned(), "true".to_owned()),
            ("after".to_owned(), quarantine.after.to_string()),
        ];
        self
    }

    /// Whether each attempt is a span of the `tracing` facade, in the trace of its record.
    pub fn spans(mut self, spans: bool) -> Self {
        self.0.arguments.spans = Some(spans);
        self
    }

    /// Adds a tag to its figures.
    pub fn metric_tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let tag = format!("{}={}", name.into(), value.into());
        self.0.arguments.metric_tags.push(tag);
        self
    }

    /// When offsets are committed.
    pub fn ack_mode(mut self, mode: AckMode) -> Self {
        self.0.arguments.ack_mode = Some(mode);
        self
    }

    /// Retries in place.
    pub fn retry(mut self, retry: RetryDef) -> Self {
        self.0.arguments.retry = retry;
        self
    }

    /// Sends its failed records through retry topics, as `#[retryable]` does.
    pub fn retryable(mut self, policy: Retryable) -> Self {
        let arguments = &mut self.0.arguments;
        (arguments.retryable, arguments.causes) = policy.into_parts();
        self
    }

    /// A librdkafka property of its consumers.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0
            .arguments
            .properties
            .push((name.into(), value.into()));
        self
    }

    pub(super) fn into_registration(self) -> Registration {
        self.0
    }
}

#[track_caller]
fn called_at() -> Source {
    let location = Location::caller();
    Source {
        file: location.file(),
        line: location.line(),
    }
}
