//! The loop over a scripted source: no broker, no threads, virtual time.

mod acknowledging;
mod allocating;
mod batch_modes;
mod chain;
mod committing;
mod controlling;
mod cost;
mod denied;
mod draining;
mod failing;
mod modes;
mod ordering;
mod plain;
mod quarantining;
mod random;
mod rebalancing;
mod retry_chain;
mod script;
mod seat;
mod spring_faults;
mod stopping;
