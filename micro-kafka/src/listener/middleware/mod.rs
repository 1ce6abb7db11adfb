//! What stands around the attempts of a listener: its time limit and `tower` layers. A listener
//! without any runs its handler as it is.

mod claims;
mod handled;
mod layers;
mod once;
mod service;
mod time_limit;
mod wrapped;

pub use handled::{AttemptFailed, Handled};
pub use layers::Layers;
pub(super) use once::Once;
pub use service::{AttemptFuture, HandlerService};
pub use time_limit::AttemptTimeout;
pub(crate) use time_limit::TimeLimit;
pub(crate) use wrapped::unthrottled;
pub(super) use wrapped::{Around, wrapped};
