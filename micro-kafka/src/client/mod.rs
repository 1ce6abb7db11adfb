//! The one door to librdkafka, and the one room with `unsafe`.
#![allow(
    unsafe_code,
    reason = "librdkafka is a C library; every call to it is in this room"
)]

mod message;

pub use message::{NativeHeaders, NativeMessage};
