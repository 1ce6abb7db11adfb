//! The broker over sockets: order, hostile bytes, start and stop.

mod admin;
mod client;
mod hostile;
mod lifecycle;
mod listeners;
mod order;
