//! A loopback port with JSON for tests in any language, and metrics.
//!
//! It is for the machine that the broker runs on: only loopback addresses are listened on, and
//! what a web page in a browser sends is refused. Everything that comes in is bounded: connections,
//! headers, bodies and the time that they take.

mod answer;
mod control;
mod guard;
mod percent;
mod port;
mod query;
mod reading;
mod routes;
mod steering;
#[cfg(test)]
mod tests;

use answer::{Answer, Refused};
pub(crate) use port::HttpPort;
