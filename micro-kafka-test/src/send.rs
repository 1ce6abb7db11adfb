//! Sends of a test: they fail the test instead of returning an error.

use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;

use micro_kafka::template::{SendBuilder, SendResult};

use crate::deadline::fail;
use crate::show;

/// A record to send; awaiting it waits for the broker's acknowledgement.
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited"]
pub struct TestSend {
    builder: SendBuilder,
    place: &'static Location<'static>,
}

impl TestSend {
    pub(crate) fn new(builder: SendBuilder, place: &'static Location<'static>) -> Self {
        Self { builder, place }
    }

    /// The key.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.builder = self.builder.key(key);
        self
    }

    /// The partition, instead of the one that the key belongs to.
    pub fn partition(mut self, partition: i32) -> Self {
        self.builder = self.builder.partition(partition);
        self
    }

    /// When the record was made, in milliseconds since the Unix epoch; default now.
    pub fn timestamp(mut self, millis: i64) -> Self {
        self.builder = self.builder.timestamp(millis);
        self
    }

    /// A header more.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }
}

impl IntoFuture for TestSend {
    type Output = SendResult;
    type IntoFuture = Pin<Box<dyn Future<Output = SendResult> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            match self.builder.await {
                Ok(sent) => sent,
                Err(error) => fail(self.place, &show::chain(&error)),
            }
        })
    }
}
