//! The first version of the macros' expansions.

pub mod batch_outcome;
mod detached;
mod lookup;
pub mod outcome;
mod panic;
pub mod reply_outcome;

pub use std::any::TypeId;
pub use std::boxed::Box;
pub use std::option::Option;
pub use std::result::Result;
pub use std::string::String;
pub use std::time::Duration;
pub use std::vec::Vec;

pub use linkme;

pub use crate::admin::NewTopic;
pub use crate::codec::Json;
pub use crate::config::Recoverer;
pub use crate::error::{BackOff, CauseDef, Classify, ListenerError, Policy};
pub use crate::extract::{EventName, FromRecord};
pub use crate::idempotent::{IdempotentDef, KeyDef};
pub use crate::listener::{
    AckMode, BatchDef, BatchOutcome, BootCheck, Delivery, Dispatch, ErrorHandlerDef, Finished,
    FromBatch, HandlerSlot, LISTENERS, ListenerDef, Order, ReplyTarget, RetryDef, SendToDef,
    Source, Started, TransactionDef, Undecoded,
};
pub use crate::template::{KafkaRecord, ToBytes};
pub use batch_outcome::{BatchOutput, batch_ways};
pub use detached::Detached;
pub use lookup::{awaited, looked_up};
pub use outcome::{Outcome, Variants, ways};
pub(crate) use panic::guarded_value;
pub use panic::{caught, guard};
pub use reply_outcome::{ReplyOutput, reply_ways};

use crate::extract::{FromBytes, named_header};
use crate::record::Record;

/// The type of a function item.
#[must_use]
pub fn type_id_of<F: 'static>(_: F) -> TypeId {
    TypeId::of::<F>()
}

/// Takes the argument that `#[header(name)]` stands before.
///
/// # Errors
/// If it is missing or of another form.
pub fn header<'r, T: FromBytes<'r>>(
    delivery: &'r Delivery,
    name: &'static str,
) -> Result<T, ListenerError> {
    named_header(delivery, name)
}

/// The key that a function gives to a record.
///
/// # Errors
/// Never.
pub fn key_of_record<K: std::fmt::Display>(
    function: impl Fn(&Record) -> Option<K>,
    delivery: &Delivery,
) -> Result<Option<String>, ListenerError> {
    Ok(function(delivery.record()).map(|key| key.to_string()))
}

/// The text of a key.
pub fn key_text<K: std::fmt::Display + ?Sized>(key: &K) -> String {
    key.to_string()
}

/// A batch that its handler is done with; an error is every record's.
#[must_use]
pub fn finished_batch(
    mut delivery: Delivery,
    result: Result<BatchOutcome, ListenerError>,
) -> Finished {
    delivery.set_outcome(result.unwrap_or_else(BatchOutcome::Failed));
    Finished {
        delivery,
        result: Ok(()),
    }
}
