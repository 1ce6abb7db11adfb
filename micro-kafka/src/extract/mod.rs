//! The arguments of a handler, each taken from the delivery.
//!
//! | argument | is |
//! |---|---|
//! | [`Json<T>`], [`Text`], [`Bytes`], `&str`, `&[u8]` | the payload |
//! | `Option<…>` of those | the payload, `None` for a tombstone |
//! | [`Key<T>`] | the key |
//! | `#[header("name")] x: Header<T>` | one header |
//! | [`Headers<'_>`](crate::record::Headers) | all headers |
//! | [`Meta`] | topic, partition, offset, timestamp |
//! | `&Record`, [`Record`](crate::record::Record) | the record in place, or a copy of it |
//! | [`State<T>`] | a value of the application |
//! | [`Attempt`] | which delivery of the record this is |
//! | [`Acknowledgment`] | the right to acknowledge the record, in ack mode `manual` |
//!
//! [`Json<T>`]: crate::codec::Json
//! [`Text`]: crate::codec::Text
//! [`Bytes`]: crate::codec::Bytes

mod acknowledgment;
mod attempt;
mod from_bytes;
mod header;
mod headers;
mod key;
mod meta;
mod payload;
mod record;
mod state;
mod topic_name;
mod type_label;

pub use acknowledgment::Acknowledgment;
pub use attempt::Attempt;
pub use from_bytes::{BytesError, FromBytes};
pub(crate) use header::named_header;
pub use header::{Header, HeaderRejection};
pub use key::{Key, KeyRejection};
pub use meta::Meta;
pub use payload::PayloadRejection;
pub use state::{State, StateRejection};

use crate::error::ListenerError;
use crate::listener::{BootCheck, Delivery};

/// An argument of a `#[kafka_listener]` function.
///
/// A payload format of your own implements [`FromPayload`](crate::codec::FromPayload) instead, and
/// is then an argument, too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a `#[kafka_listener]` function",
    label = "no such argument",
    note = "a payload is `Json<T>`, `Text` or `Bytes`, and `Option<…>` of these takes tombstones; a value of the application is `State<T>`, where `T: Clone + Send + Sync + 'static`",
    note = "the key is `Key<T>` and a header `#[header(\"name\")] …: T`, where `T` is text, bytes, a number, or implements `FromBytes`",
    note = "own arguments implement `FromRecord`, own payload formats `FromPayload`"
)]
pub trait FromRecord<'r>: Sized {
    /// Takes the argument.
    ///
    /// # Errors
    /// If the record has no such thing; by default it goes to the dead-letter topic at once.
    fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError>;

    /// Says what is missing before anything starts.
    fn check(boot: &mut BootCheck<'_>) {
        let _ = boot;
    }
}
