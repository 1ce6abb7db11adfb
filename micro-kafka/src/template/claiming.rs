//! Large payloads on their way to a store, before their records are queued.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::ErrorHook;
use super::hooks::Hooks;
use crate::claim_check::{ClaimError, ClaimWriter, Writing};

/// What decides whether a payload goes to a store, and waits until it is there.
#[derive(Debug)]
pub(super) struct Claiming {
    writer: ClaimWriter,
    /// Who is told of a failure if nobody waits.
    hook: ErrorHook,
    writing: Option<Writing>,
}

impl Claiming {
    pub(super) fn new(writer: &ClaimWriter, hooks: &Hooks) -> Box<Self> {
        Box::new(Self {
            writer: writer.clone(),
            hook: hooks.errors.clone(),
            writing: None,
        })
    }

    pub(super) fn hook(&self) -> &ErrorHook {
        &self.hook
    }

    pub(super) fn wants(&self, payload: &[u8]) -> bool {
        self.writer.wants(payload)
    }

    /// What refers to the payload, once it is in the store; nothing if it stays where it is.
    pub(super) fn poll(
        &mut self,
        payload: Option<&[u8]>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, ClaimError>>> {
        let writing = match (&mut self.writing, payload) {
            (Some(writing), _) => writing,
            (None, Some(payload)) if self.writer.wants(payload) => {
                self.writing.insert(self.writer.write(payload.to_vec()))
            }
            (None, _) => return Poll::Ready(None),
        };
        Poll::Ready(Some(ready!(Pin::new(writing).poll(context))))
    }
}
