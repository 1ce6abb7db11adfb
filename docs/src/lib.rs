//! The guide, chapter by chapter; its code is compiled and run as documentation tests.

#[doc = include_str!("../guide/01-getting-started.md")]
pub mod getting_started {}
