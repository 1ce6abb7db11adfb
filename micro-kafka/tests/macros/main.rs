//! What the macros' expansions do, argument by argument and key by key.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers, too"
)]

mod arguments;
mod attribute;
mod classify;
mod extractors;
mod kafka_test;
mod outcome;
mod rejections;
mod support;
