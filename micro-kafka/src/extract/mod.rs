//! The arguments of a handler, each taken from the delivery.
//!
//! | argument | is |
//! |---|---|
//! | [`Json<T>`], [`Text`], [`Bytes`], `&str`, `&[u8]` | the payload |
//! | [`Number<i64>`](crate::codec::Number), [`Parsed<T>`](crate::codec::Parsed), [`Tombstone`](crate::codec::Tombstone) | the payload, as Kafka's own serializers write it |
//! | `Option<…>` of those | the payload, `None` for a tombstone |
//! | [`Validated<Json<T>>`](crate::codec::Validated) | the payload, if it keeps the rules of its type |
//! | `Result<Json<T>, DecodeError>` | the payload, or why it cannot be read |
//! | [`Key<T>`] | the key |
//! | `#[header("name")] x: Header<T>` | one header |
//! | [`Headers<'_>`](crate::record::Headers) | all headers |
//! | [`Meta`] | topic, partition, offset, timestamp |
//! | [`Timestamp`](crate::record::Timestamp) | when the record was made |
//! | `&Record`, [`Record`](crate::record::Record) | the record in place, or a copy of it |
//! | [`State<T>`] | a value of the application |
//! | [`Attempt`] | which delivery of the record this is |
//! | [`Acknowledgment`] | the right to acknowledge the record, in ack mode `manual` |
//! | [`PartitionControl`](crate::listener::PartitionControl) | pauses, resumes and rewinds the record's partition |
//! | [`Info`] | the text of the listener's `info` |
//! | [`Tx`] | sends in the transaction of a transactional listener |
//! | [`Cancel`] | tells when the partition is taken away or the listener stops |
//!
//! An argument of your own implements [`FromRecord`]:
//!
//! ```
//! use micro_kafka::error::ListenerError;
//! use micro_kafka::extract::FromRecord;
//! use micro_kafka::listener::{BootCheck, Delivery};
//! use micro_kafka::prelude::*;
//!
//! /// Whose record it is, by a header that every producer writes.
//! struct Tenant<'r>(&'r str);
//!
//! #[derive(Debug, thiserror::Error)]
//! #[error("no tenant in the headers")]
//! struct NoTenant;
//!
//! impl<'r> FromRecord<'r> for Tenant<'r> {
//!     fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
//!         let header = delivery.record().headers().get("tenant");
//!         let name = header.and_then(|header| std::str::from_utf8(header.value?).ok());
//!         name.map(Self).ok_or_else(|| ListenerError::decode(NoTenant))
//!     }
//!
//!     fn check(boot: &mut BootCheck<'_>) {
//!         // Values that it needs are asked for before anything starts.
//!         if boot.states().get::<KafkaTemplate>().is_none() {
//!             boot.problem("tenants need a template");
//!         }
//!     }
//! }
//!
//! #[kafka_listener(topics = "orders", group_id = "billing")]
//! async fn charge(order: &str, Tenant(name): Tenant<'_>) {
//!     println!("{name}: {order}");
//! }
//! ```
//!
//! [`Json<T>`]: crate::codec::Json
//! [`Text`]: crate::codec::Text
//! [`Bytes`]: crate::codec::Bytes

mod acknowledgment;
mod attempt;
mod cancel;
mod decoded;
mod event;
mod from_bytes;
mod header;
mod headers;
mod info;
mod key;
mod meta;
mod partition_control;
mod payload;
mod record;
#[cfg(feature = "sqlx")]
mod sql_tx;
mod state;
mod timestamp;
mod topic_name;
mod tuple;
mod tx;
mod type_label;

pub use acknowledgment::Acknowledgment;
pub use attempt::Attempt;
pub use cancel::Cancel;
pub use event::{EventName, UnknownEvent};
pub use from_bytes::{BytesError, FromBytes};
pub(crate) use header::named_header;
pub use header::{Header, HeaderRejection};
pub use info::Info;
pub use key::{Key, KeyRejection};
pub use meta::Meta;
pub use payload::PayloadRejection;
#[cfg(feature = "sqlx")]
pub use sql_tx::{NoSqlTransaction, SqlTx};
pub use state::{State, StateRejection};
pub use tx::{NoTransaction, Tx};

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
