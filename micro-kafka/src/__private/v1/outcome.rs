//! What a handler may return, chosen by autoref: the first of these that fits, from the top.
//!
//! 1. `Result<(), E>` with `E: Classify`: the error's own policy.
//! 2. `()`, and `Result<(), E>` with any other `E: Into<Box<dyn Error + Send + Sync>>`.
//! 3. Anything else, to say what is wrong with it.

use std::error::Error;
use std::marker::PhantomData;

use crate::error::{BoxError, Classify, ListenerError};

/// The names of an error's variants; `None` if they are not known.
pub type Variants = Option<&'static [&'static str]>;

/// The type of a handler's output, as a value.
#[derive(Debug)]
pub struct Outcome<R>(PhantomData<R>);

impl<R> Outcome<R> {
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
pub mod ways {
    pub use super::{ByClassify as _, ByError as _, ByReport as _, ByUnit as _};
}

/// The first choice.
pub trait ByClassify {
    /// The way of this output.
    fn way(&self) -> Classified {
        Classified
    }

    /// The variants of its error; `None` if they are not known.
    fn variants(&self) -> Variants;
}

impl<E: Classify + Error + Send + Sync + 'static> ByClassify for &&Outcome<Result<(), E>> {
    fn variants(&self) -> Variants {
        E::VARIANTS
    }
}

/// The second choice, with an error.
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

impl<E: Into<BoxError>> ByError for &Outcome<Result<(), E>> {}

/// The second choice, without one.
pub trait ByUnit {
    /// The way of this output.
    fn way(&self) -> Unit {
        Unit
    }

    /// None: its errors have no policy of their own.
    fn variants(&self) -> Variants {
        Some(&[])
    }
}

impl ByUnit for &Outcome<()> {}

/// The last choice.
pub trait ByReport {
    /// The way of this output.
    fn way(&self) -> Report {
        Report
    }

    /// None: its errors have no policy of their own.
    fn variants(&self) -> Variants {
        Some(&[])
    }
}

impl<R> ByReport for Outcome<R> {}

/// An error with a policy of its own.
#[derive(Debug)]
pub struct Classified;

impl Classified {
    /// The handler's result.
    ///
    /// # Errors
    /// The handler's.
    pub fn settle<E>(self, output: Result<(), E>) -> Result<(), ListenerError>
    where
        E: Classify + Error + Send + Sync + 'static,
    {
        output.map_err(ListenerError::from_classified)
    }
}

/// Any other error.
#[derive(Debug)]
pub struct Plain;

impl Plain {
    /// The handler's result.
    ///
    /// # Errors
    /// The handler's.
    pub fn settle<E: Into<BoxError>>(self, output: Result<(), E>) -> Result<(), ListenerError> {
        output.map_err(ListenerError::from_error)
    }
}

/// Nothing that could fail.
#[derive(Debug)]
pub struct Unit;

impl Unit {
    /// Success.
    ///
    /// # Errors
    /// None.
    pub fn settle(self, (): ()) -> Result<(), ListenerError> {
        Ok(())
    }
}

/// No possible output.
#[derive(Debug)]
pub struct Report;

impl Report {
    /// Cannot be called: no type that comes here is a [`HandlerOutput`].
    ///
    /// # Errors
    /// None.
    pub fn settle<R: HandlerOutput>(self, output: R) -> Result<(), ListenerError> {
        drop(output);
        Ok(())
    }
}

/// What a handler may return.
#[diagnostic::on_unimplemented(
    message = "a `#[kafka_listener]` function returns `()` or `Result<(), E>`, not `{Self}`",
    label = "not a listener's return type",
    note = "a listener with `send_to = \"…\"` in its attribute may return what is to be sent there"
)]
pub trait HandlerOutput {}

impl<E: HandlerError> HandlerOutput for Result<(), E> {}

/// What a handler may fail with; only here to be missed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a `#[kafka_listener]` function",
    label = "not an error",
    note = "implement `std::error::Error` for it (`#[derive(Debug, thiserror::Error)]`), with `Send + Sync + 'static`",
    note = "`#[derive(Classify)]` then says what becomes of the record; `anyhow::Error`, `Box<dyn Error + Send + Sync>` and `String` will do, too"
)]
pub trait HandlerError {}
