//! The keys of producers.

use crate::config::reference::Kind::{Boolean, Choice, Duration, Integer, Size, Text};
use crate::config::reference::{Key, key};

pub(super) const PRODUCER: &[Key] = &[
    key(
        "acks",
        Choice(&["all", "1", "0", "-1"]),
        "all",
        "how many replicas have a record before it counts as sent",
    ),
    key("client-id", Text, "", "over that of `[kafka]`"),
    key(
        "linger",
        Duration,
        "",
        "how long a batch waits for more records",
    ),
    key("batch-size", Size, "", "the largest batch"),
    key(
        "buffer-memory",
        Size,
        "",
        "the memory of all unsent records; whole KiB",
    ),
    key(
        "compression-type",
        Choice(&["none", "gzip", "snappy", "lz4", "zstd"]),
        "",
        "how batches are compressed",
    ),
    key(
        "retries",
        Integer,
        "",
        "how often a failed send is tried again",
    ),
    key(
        "flush-timeout",
        Duration,
        "10s",
        "how long the end of the service waits for unsent records",
    ),
    key(
        "transaction-id-prefix",
        Text,
        "",
        "makes the template transactional; unique for each instance",
    ),
    key(
        "transaction-timeout",
        Duration,
        "60s",
        "after which the broker aborts a transaction",
    ),
    key(
        "transaction-producers",
        Integer,
        "4",
        "transactions that may be open at once",
    ),
    key(
        "allow-non-transactional",
        Boolean,
        "false",
        "whether a transactional template sends outside of transactions as well",
    ),
];
