//! Listeners that a program registers, and that reply.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::programmatic::Listener;
use crate::__private::v1::{caught, guard};
use crate::error::{BoxError, ListenerError};
use crate::listener::{
    Delivery, Finished, Handler, HandlerFuture, IntoReplies, ReplyTarget, SendTo,
};
use crate::record::Record;

/// What a replying closure returns: usually `Box::pin(async move { … })`.
pub type ReplyFuture<'r, R> = Pin<Box<dyn Future<Output = Result<R, BoxError>> + Send + 'r>>;

impl Listener {
    /// A listener whose replies are sent before its record counts as done: to the topic of
    /// [`Listener::send_to`], else where the record's `kafka_replyTopic` says.
    #[track_caller]
    pub fn replying<F, R>(id: impl Into<String>, handler: F) -> Self
    where
        F: for<'r> Fn(&'r Record) -> ReplyFuture<'r, R> + Send + Sync + 'static,
        R: IntoReplies + Send + 'static,
    {
        let handler = Arc::new(handler);
        let invoke = move |delivery: Delivery| -> HandlerFuture {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let call = async {
                    let target = ReplyTarget::of(&delivery)?;
                    let output = handler(delivery.record()).await;
                    let output = output.map_err(ListenerError::from_error)?;
                    target.replies(output).send().await
                };
                let result = caught(guard(call).await);
                Finished { delivery, result }
            })
        };
        let listener = Self::closure(id.into(), Handler::Closure(Arc::new(invoke)));
        listener.with_replies(SendTo::ReplyHeader)
    }
}
