//! Test kit of micro-kafka.
