//! The attributes and derives of micro-kafka.
