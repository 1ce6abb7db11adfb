//! What an operator or a test sees of a broker: counters, and a loopback HTTP port with them.

mod api_meter;
mod connections;
mod faults;
mod groups;
mod health;
mod histogram;
mod http;
mod meters;
mod metrics;
mod requests;
mod topics;
mod traffic;
mod transactions;

pub(crate) use api_meter::ApiMeter;
pub(crate) use histogram::Histogram;
pub(crate) use http::HttpPort;
pub(crate) use meters::Meters;
pub(crate) use traffic::{Traffic, TrafficCount};
