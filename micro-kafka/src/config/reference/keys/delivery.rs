//! The keys of how records are gathered: batches and transactions.

use crate::config::reference::Kind::{Duration, Integer, Text};
use crate::config::reference::{Key, key};

pub(super) const BATCH: &[Key] = &[
    key("max", Integer, "500", "the most records of one call"),
    key(
        "linger",
        Duration,
        "0ms",
        "how long a batch waits for more records",
    ),
];

pub(super) const TRANSACTION: &[Key] = &[
    key("max", Integer, "500", "about the most records of one"),
    key(
        "linger",
        Duration,
        "0ms",
        "how long one that is not full waits for more records",
    ),
    key(
        "timeout",
        Duration,
        "10s",
        "how long one may last before the broker aborts it",
    ),
    key(
        "id-prefix",
        Text,
        "",
        "what transactional ids begin with, unique for each instance; else the `transaction-id-prefix` \
         of `[kafka.producer]`, else random",
    ),
];
