//! The one door to librdkafka, and the one room with `unsafe`.
#![allow(
    unsafe_code,
    reason = "librdkafka is a C library; every call to it is in this room"
)]

mod error_code;
mod event;
mod message;
mod producer;
mod producer_config;
mod producer_delivery;
mod producer_events;
mod producer_topic;
mod producer_waiters;

pub use error_code::ErrorCode;
pub use message::{NativeHeaders, NativeMessage};
pub use producer_config::ConfigError;

pub(crate) use event::NativeEvent;
pub(crate) use producer::{Core, Producer};
pub(crate) use producer_delivery::{FailureHook, Receipt, Undelivered};
pub(crate) use producer_topic::{Outgoing, Topic};
