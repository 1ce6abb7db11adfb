//! The arguments of a handler, each taken from the delivery.

use crate::error::ListenerError;
use crate::listener::{BootCheck, Delivery};

/// An argument of a `#[kafka_listener]` function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a `#[kafka_listener]` function",
    label = "no such argument",
    note = "a payload is written `Json<{Self}>`, `Text` or `Bytes`; a value of the application `State<{Self}>`"
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
