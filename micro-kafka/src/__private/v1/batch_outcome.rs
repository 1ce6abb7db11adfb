//! What a batch handler may return, chosen by autoref as for single records.

use std::error::Error;
use std::marker::PhantomData;

use super::outcome::{HandlerError, Variants};
use crate::error::{BoxError, Classify, ListenerError};
use crate::listener::{BatchOutcome, BatchResult, MissingResult};

/// The type of a batch handler's output, as a value.
#[derive(Debug)]
pub struct BatchOutput<R>(PhantomData<R>);

impl<R> BatchOutput<R> {
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
pub mod batch_ways {
    pub use super::{
        ByClassifiedResults as _, ByClassify as _, ByError as _, ByReport as _, ByResults as _,
        ByUnit as _,
    };
}

macro_rules! way {
    ($(#[$doc:meta])* $by:ident, $way:ident, $variants:expr) => {
        $(#[$doc])*
        pub trait $by {
            /// The way of this output.
            fn way(&self) -> $way {
                $way
            }

            /// The variants of its error; `None` if they are not known.
            fn variants(&self) -> Variants {
                $variants
            }
        }

        $(#[$doc])*
        #[derive(Debug)]
        pub struct $way;
    };
}

way!(
    /// The whole batch, by an error with a policy of its own.
    ByClassify, Classified, None
);
way!(
    /// Each record, by an error with a policy of its own.
    ByClassifiedResults, ClassifiedResults, None
);
way!(
    /// The whole batch, by any other error.
    ByError, Plain, Some(&[])
);
way!(
    /// Each record, by any other error.
    ByResults, Results, Some(&[])
);
way!(
    /// Nothing that could fail.
    ByUnit, Unit, Some(&[])
);
way!(
    /// No possible output.
    ByReport, Report, Some(&[])
);

impl<E: Classify + Error + Send + Sync + 'static> ByClassify for &&BatchOutput<Result<(), E>> {
    fn variants(&self) -> Variants {
        E::VARIANTS
    }
}

impl<E: Classify + Error + Send + Sync + 'static> ByClassifiedResults
    for &&BatchOutput<BatchResult<E>>
{
    fn variants(&self) -> Variants {
        E::VARIANTS
    }
}

impl<E: Into<BoxError>> ByError for &BatchOutput<Result<(), E>> {}
impl<E: Into<BoxError>> ByResults for &BatchOutput<BatchResult<E>> {}
impl ByUnit for &BatchOutput<()> {}
impl<R> ByReport for BatchOutput<R> {}

fn whole(result: Result<(), ListenerError>) -> BatchOutcome {
    result.map_or_else(BatchOutcome::Failed, |()| BatchOutcome::Done)
}

fn each<E>(result: BatchResult<E>, failed: impl Fn(E) -> ListenerError) -> BatchOutcome {
    match result.is_done() {
        true => BatchOutcome::Done,
        false => {
            let missing = ListenerError::from_error::<MissingResult>;
            BatchOutcome::Each(result.each(failed, missing, ListenerError::not_reached))
        }
    }
}

impl Classified {
    /// The outcome of the batch.
    pub fn settle<E>(self, output: Result<(), E>) -> BatchOutcome
    where
        E: Classify + Error + Send + Sync + 'static,
    {
        whole(output.map_err(ListenerError::from_classified))
    }
}

impl ClassifiedResults {
    /// The outcome of each record.
    pub fn settle<E>(self, output: BatchResult<E>) -> BatchOutcome
    where
        E: Classify + Error + Send + Sync + 'static,
    {
        each(output, ListenerError::from_classified)
    }
}

impl Plain {
    /// The outcome of the batch.
    pub fn settle<E: Into<BoxError>>(self, output: Result<(), E>) -> BatchOutcome {
        whole(output.map_err(ListenerError::from_error))
    }
}

impl Results {
    /// The outcome of each record.
    pub fn settle<E: Into<BoxError>>(self, output: BatchResult<E>) -> BatchOutcome {
        each(output, ListenerError::from_error)
    }
}

impl Unit {
    /// Success.
    #[must_use]
    pub fn settle(self, (): ()) -> BatchOutcome {
        BatchOutcome::Done
    }
}

impl Report {
    /// Cannot be called: no type that comes here is a [`BatchHandlerOutput`].
    pub fn settle<R: BatchHandlerOutput>(self, output: R) -> BatchOutcome {
        drop(output);
        BatchOutcome::Done
    }
}

/// What a batch handler may return.
#[diagnostic::on_unimplemented(
    message = "a batch listener returns `()`, `Result<(), E>` or `BatchResult<E>`, not `{Self}`",
    label = "not a batch listener's return type"
)]
pub trait BatchHandlerOutput {}

impl<E: HandlerError> BatchHandlerOutput for Result<(), E> {}
impl<E: HandlerError> BatchHandlerOutput for BatchResult<E> {}
