//! The template against librdkafka's own mock cluster.

#[cfg(test)]
mod support;

mod delivery;
mod ending;
mod errors;
mod full_queue;
mod partitions;
