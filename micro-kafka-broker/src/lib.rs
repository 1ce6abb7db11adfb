//! A Kafka broker for development and tests.
