//! The loop over a scripted source: no broker, no threads, virtual time.

mod acknowledging;
mod allocating;
mod batch_modes;
mod committing;
mod controlling;
mod cost;
mod failing;
mod fates;
mod modes;
mod ordering;
mod plain;
mod rebalancing;
mod schedule;
mod script;
mod spring_faults;
mod stopping;
mod transacting;
