//! The keys that all clients share.

use crate::config::reference::Kind::{Duration, Size, Text, Texts};
use crate::config::reference::{Key, key};

pub(super) const KAFKA: &[Key] = &[
    key(
        "bootstrap-servers",
        Texts,
        "localhost:9092",
        "`host:port` of some of the brokers",
    ),
    key("client-id", Text, "", "how brokers name the service"),
    key(
        "namespace",
        Text,
        "",
        "put before every topic and group, as in `test.orders`",
    ),
    key(
        "metric-tags",
        Texts,
        "",
        "tags of all figures, each as in `region=eu`",
    ),
    key(
        "shutdown-timeout",
        Duration,
        "10s",
        "how long a stop waits for records in flight",
    ),
    key(
        "memory-budget",
        Size,
        "",
        "what the buffers of all clients may take together; else each has its own limits",
    ),
];
