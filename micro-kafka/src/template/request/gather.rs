//! One request, several replies.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;

use super::RequestError;
use super::builder::Asking;
use crate::codec::FromPayload;
use crate::template::KafkaError;

/// A request that several answer; see [`Request::gather`](super::Request::gather).
#[must_use = "nothing is sent unless it is awaited"]
pub struct GatherRequest<R> {
    asking: Asking,
    count: usize,
    partial: bool,
    reply: PhantomData<fn() -> R>,
}

/// The replies to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gathered<R> {
    /// The replies in the order in which they came.
    pub replies: Vec<R>,
    /// Whether as many came as were waited for.
    pub complete: bool,
}

impl<R> GatherRequest<R> {
    pub(super) fn new(asking: Asking, count: usize) -> Self {
        Self {
            asking,
            count,
            partial: false,
            reply: PhantomData,
        }
    }

    /// Takes what has come when the time is over, instead of failing.
    pub fn partial(mut self) -> Self {
        self.partial = true;
        self
    }
}

impl<R> IntoFuture for GatherRequest<R>
where
    R: for<'r> FromPayload<'r> + Send + 'static,
{
    type Output = Result<Gathered<R>, KafkaError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut sent = self.asking.send().await?;
            let mut replies = Vec::new();
            while replies.len() < self.count {
                match sent.next().await {
                    Ok(reply) => replies.push(sent.decode(&reply).await?),
                    Err(KafkaError::Request(RequestError::TimedOut { .. })) if self.partial => {
                        let complete = false;
                        return Ok(Gathered { replies, complete });
                    }
                    Err(error) => return Err(error),
                }
            }
            let complete = true;
            Ok(Gathered { replies, complete })
        })
    }
}

impl<R> fmt::Debug for GatherRequest<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatherRequest")
            .field("topic", &self.asking.topic)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
