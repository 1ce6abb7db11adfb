//! The template against librdkafka's own mock cluster.

#[cfg(test)]
mod support;

#[cfg(test)]
mod broker;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod full_queue;
#[cfg(test)]
mod partitions;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod transaction_faults;
#[cfg(test)]
mod transactions;
