//! The keys of topics that the service declares.

use crate::config::reference::Kind::{Boolean, Duration, Integer, Text};
use crate::config::reference::{Key, key};

pub(super) const TOPIC: &[Key] = &[
    key(
        "partitions",
        Integer,
        "",
        "how many; a topic with fewer is grown, one with more is left alone; else the broker's number",
    ),
    key(
        "replication-factor",
        Integer,
        "",
        "on how many brokers; else the broker's number",
    ),
    key(
        "compact",
        Boolean,
        "",
        "whether the last record of each key is kept: `cleanup.policy = compact`; else no",
    ),
];

pub(super) const ADMIN: &[Key] = &[
    key(
        "client-id",
        Text,
        "",
        "how brokers name it; else it is a part of the producer",
    ),
    key(
        "auto-create",
        Boolean,
        "true",
        "whether declared topics are created and grown at start",
    ),
    key(
        "modify-topic-configs",
        Boolean,
        "false",
        "whether settings of topics that exist are altered",
    ),
    key(
        "fail-fast",
        Boolean,
        "false",
        "whether the application does not start if that fails",
    ),
    key(
        "operation-timeout",
        Duration,
        "30s",
        "how long a request may take",
    ),
];
