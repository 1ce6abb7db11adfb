//! What a handler with `send_to` may return, chosen by autoref.

use std::error::Error;
use std::marker::PhantomData;

use super::outcome::Variants;
use crate::error::{BoxError, Classify, ListenerError};
use crate::listener::IntoReplies;

/// The type of a replying handler's output, as a value.
#[derive(Debug)]
pub struct ReplyOutput<R>(PhantomData<R>);

impl<R> ReplyOutput<R> {
    /// The type of that output.
    #[must_use]
    pub fn of(_: &R) -> Self {
        Self(PhantomData)
    }

    /// An output of that type, whatever it may be.
    #[must_use]
    pub fn unseen() -> Self {
        Self(PhantomData)
    }
}

/// The ways, imported as a whole without names.
pub mod reply_ways {
    pub use super::{ByClassify as _, ByError as _, ByValue as _};
}

/// A reply or an error with a policy of its own.
pub trait ByClassify {
    /// The way of this output.
    fn way(&self) -> Classified {
        Classified
    }

    /// The variants of its error; `None` if they are not known.
    fn variants(&self) -> Variants;
}

/// A reply or any other error.
pub trait ByError {
    /// The way of this output.
    fn way(&self) -> Plain {
        Plain
    }

    /// None: its errors have no policy of their own.
    fn variants(&self) -> Variants {
        Some(&[])
    }
}

/// A reply.
pub trait ByValue {
    /// The way of this output.
    fn way(&self) -> Value {
        Value
    }

    /// None: it does not fail.
    fn variants(&self) -> Variants {
        Some(&[])
    }
}

impl<R, E: Classify + Error + Send + Sync + 'static> ByClassify for &&ReplyOutput<Result<R, E>> {
    fn variants(&self) -> Variants {
        E::VARIANTS
    }
}

impl<R, E: Into<BoxError>> ByError for &ReplyOutput<Result<R, E>> {}
impl<R> ByValue for ReplyOutput<R> {}

/// A reply or an error with a policy of its own.
#[derive(Debug)]
pub struct Classified;

/// A reply or any other error.
#[derive(Debug)]
pub struct Plain;

/// A reply.
#[derive(Debug)]
pub struct Value;

impl Classified {
    /// The reply.
    ///
    /// # Errors
    /// The handler's.
    pub fn settle<R: IntoReplies, E>(self, output: Result<R, E>) -> Result<R, ListenerError>
    where
        E: Classify + Error + Send + Sync + 'static,
    {
        output.map_err(ListenerError::from_classified)
    }
}

impl Plain {
    /// The reply.
    ///
    /// # Errors
    /// The handler's.
    pub fn settle<R: IntoReplies, E>(self, output: Result<R, E>) -> Result<R, ListenerError>
    where
        E: Into<BoxError>,
    {
        output.map_err(ListenerError::from_error)
    }
}

impl Value {
    /// The reply.
    ///
    /// # Errors
    /// None.
    pub fn settle<R: IntoReplies>(self, output: R) -> Result<R, ListenerError> {
        Ok(output)
    }
}
