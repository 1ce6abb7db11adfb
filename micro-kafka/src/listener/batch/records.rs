//! The records that a batch handler sees.

use super::BatchResult;
use crate::codec::{Bytes, Json, Number, Parsed, Text, Validated};
use crate::extract::{Key, Meta};

/// Records of one partition in their order, each as an `A`: `Batch<Json<Order>>`, or of several
/// arguments, `Batch<(Json<Order>, Key<&str>)>`.
///
/// A record that cannot be read as an `A` is not among them: it goes to the dead-letter topic by
/// itself. A handler that wants to see it takes `Batch<Result<Json<Order>, DecodeError>>`.
#[derive(Debug, Clone)]
pub struct Batch<A> {
    values: Vec<A>,
    places: Vec<Place>,
}

#[derive(Debug, Clone)]
struct Place {
    meta: Meta,
    attempt: u32,
}

/// One record of a batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchRecord<'b, A> {
    value: &'b A,
    place: &'b Place,
}

impl<A> Default for Batch<A> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            places: Vec::new(),
        }
    }
}

impl<A> Batch<A> {
    pub(super) fn push(&mut self, value: A, meta: Meta, attempt: u32) {
        self.values.push(value);
        self.places.push(Place { meta, attempt });
    }

    /// How many records there are; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none, which no handler sees.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The records, each with its place.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = BatchRecord<'_, A>> {
        let places = self.values.iter().zip(&self.places);
        places.map(|(value, place)| BatchRecord { value, place })
    }

    /// What the records hold, without the wrapper: `&Order` of a `Batch<Json<Order>>`.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &A::Value>
    where
        A: Inner,
    {
        self.values.iter().map(Inner::inner)
    }

    /// The records themselves.
    #[must_use]
    pub fn into_values(self) -> Vec<A> {
        self.values
    }

    /// What became of each record, by their order: a failed one is tried again or dead-lettered as
    /// its error says, all others are done. A record without a result has failed.
    pub fn settle<E>(&self, results: impl IntoIterator<Item = Result<(), E>>) -> BatchResult<E> {
        BatchResult::of(self.len(), results)
    }

    /// Says that the handler stopped at a record, by its place in the batch from 0: those before it
    /// are done, it has failed, and those after it are delivered again with it, as if they had not
    /// been delivered yet: Spring's `BatchListenerFailedException`. A place beyond the batch counts
    /// as the last one.
    pub fn failed_at<E>(&self, index: usize, error: E) -> BatchResult<E> {
        BatchResult::failed_at(self.len(), index, error)
    }
}

impl<'b, A> BatchRecord<'b, A> {
    /// What was taken from it.
    #[must_use]
    pub fn value(&self) -> &'b A {
        self.value
    }

    /// Where it stands.
    #[must_use]
    pub fn meta(&self) -> &'b Meta {
        &self.place.meta
    }

    /// Which delivery of it this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.place.attempt
    }
}

/// A wrapper around one value.
pub trait Inner {
    /// What it wraps.
    type Value;

    /// What it wraps.
    fn inner(&self) -> &Self::Value;
}

macro_rules! inner {
    ($($wrapper:ident)*) => {$(
        impl<T> Inner for $wrapper<T> {
            type Value = T;

            fn inner(&self) -> &T {
                &self.0
            }
        }
    )*};
}

inner!(Json Text Bytes Number Parsed Key);

impl<P: Inner> Inner for Validated<P> {
    type Value = P::Value;

    fn inner(&self) -> &P::Value {
        self.0.inner()
    }
}
