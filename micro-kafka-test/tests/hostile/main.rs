//! Payloads and headers as nobody should send them; the numbers are those of the list of bad inputs
//! that the project keeps. Formats with schemas have their cases beside them: 56 in `registry`, 57
//! and 58 beside `Protobuf` and `Avro`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod headers;
mod payloads;
mod wire;
