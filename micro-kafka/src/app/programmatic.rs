//! Listeners that a program registers by itself, beside the annotated ones.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use super::registration::{Arguments, Code, Registration};
use crate::__private::v1::guarded;
use crate::error::{BoxError, ListenerError};
use crate::listener::{AckMode, Delivery, Dispatch, Finished, Handler, Order, RetryDef};
use crate::record::Record;

/// What a closure listener returns: usually `Box::pin(async move { … })`.
pub type RecordFuture<'r> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'r>>;

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
        let invoke = move |delivery: Delivery| -> crate::listener::HandlerFuture {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let call = async {
                    handler(delivery.record())
                        .await
                        .map_err(ListenerError::from_error)
                };
                let result = guarded(call).await;
                Finished { delivery, result }
            })
        };
        let location = Location::caller();
        Self(Registration {
            id: id.into(),
            explicit_id: true,
            source: Some(crate::listener::Source {
                file: location.file(),
                line: location.line(),
            }),
            arguments: Arguments::default(),
            handler: Handler::Closure(Arc::new(invoke)),
            check: |_| (),
            variants: None,
            code: Code::default(),
        })
    }

    /// The topics; placeholders allowed.
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.0.arguments.topics = topics.into_iter().map(Into::into).collect();
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
