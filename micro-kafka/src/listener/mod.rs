//! Listeners: how they are declared, and the containers that run them.

mod ack;
mod context;
mod def;
mod delivery;
mod endpoint;

pub use ack::{AckMode, AckToken};
pub use context::{ConsumerContext, ListenerContext, States};
pub use def::{BootCheck, LISTENERS, ListenerDef, RetryDef, Source};
pub use delivery::{Delivery, Finished, HandlerFuture, Invoke};
pub use endpoint::{Handler, ListenerEndpoint};
