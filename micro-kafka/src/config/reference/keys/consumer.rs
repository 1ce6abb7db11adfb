//! The keys of consumers.

use crate::config::reference::Kind::{Boolean, Choice, Duration, Size, Text};
use crate::config::reference::{Key, key};

pub(super) const CONSUMER: &[Key] = &[
    key(
        "group-id",
        Text,
        "",
        "the group of listeners that name none",
    ),
    key("client-id", Text, "", "over that of `[kafka]`"),
    key(
        "auto-offset-reset",
        Choice(&["earliest", "latest", "none"]),
        "earliest",
        "where a group without offsets begins",
    ),
    key(
        "enable-auto-commit",
        Boolean,
        "false",
        "commit by time only: what was handled, never what was merely read",
    ),
    key("auto-commit-interval", Duration, "5s", "how often then"),
    key(
        "fetch-min-size",
        Size,
        "",
        "what a broker waits for before it answers",
    ),
    key(
        "fetch-max-wait",
        Duration,
        "",
        "how long a broker waits for that",
    ),
    key(
        "heartbeat-interval",
        Duration,
        "",
        "how often a member tells its coordinator that it lives",
    ),
    key(
        "max-poll-interval",
        Duration,
        "",
        "how long a consumer loop may be blocked before its member is out of the group",
    ),
    key(
        "isolation-level",
        Choice(&["read-committed", "read-uncommitted"]),
        "",
        "whether records of aborted transactions are read",
    ),
];
