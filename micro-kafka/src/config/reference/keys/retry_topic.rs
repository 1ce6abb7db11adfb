//! The keys of retry topics.

use crate::config::reference::Kind::{
    BackOff, Boolean, Choice, Duration, Integer, Share, Text, Texts,
};
use crate::config::reference::{Key, key};

pub(super) const RETRY_TOPIC: &[Key] = &[
    key(
        "enabled",
        Boolean,
        "false",
        "whether failed records go through retry topics; `#[retryable]` says yes",
    ),
    key(
        "attempts",
        Integer,
        "3",
        "deliveries in all, the first included",
    ),
    key(
        "backoff",
        BackOff,
        "1s",
        "the waits between them: `1s..5m x4`",
    ),
    key("max-delay", Duration, "", "no wait is longer"),
    key(
        "jitter",
        Share,
        "0",
        "how far a wait may differ, as a share of it",
    ),
    key(
        "timeout",
        Duration,
        "",
        "the time since the record was first sent, after which it is not retried",
    ),
    key(
        "include",
        Texts,
        "",
        "the only errors that are retried, by variant or type",
    ),
    key("exclude", Texts, "", "errors that are not retried, instead"),
    key(
        "suffix",
        Text,
        "-retry",
        "what the names of retry topics end with",
    ),
    key(
        "dlt-suffix",
        Text,
        "-dlt",
        "what the names of dead-letter topics end with",
    ),
    key(
        "suffixing",
        Choice(&["delay", "index"]),
        "delay",
        "what retry topics are named after",
    ),
    key(
        "same-interval",
        Choice(&["single-topic", "multiple-topics"]),
        "single-topic",
        "whether equal waits share a topic",
    ),
    key(
        "dlt-strategy",
        Choice(&["fail", "always-retry", "none"]),
        "fail",
        "what becomes of records whose retries are used up",
    ),
    key(
        "dlt-routing",
        Texts,
        "",
        "errors with a dead-letter topic of their own: `Timeout=-timeout`",
    ),
    key(
        "auto-create",
        Boolean,
        "true",
        "whether retry and dead-letter topics are created at start",
    ),
    key(
        "partitions",
        Integer,
        "",
        "how many partitions created topics have, over the source's number",
    ),
    key(
        "replication-factor",
        Integer,
        "",
        "how many replicas they have, over the broker's number",
    ),
    key(
        "concurrency",
        Integer,
        "",
        "how many consumers read them, over the listener's number",
    ),
    key(
        "window",
        Integer,
        "10000",
        "how many records of a partition are read ahead",
    ),
    key(
        "compat",
        Choice(&["own", "spring"]),
        "own",
        "whose groups read them: one for all, or Spring's for each topic",
    ),
    key(
        "group-in-names",
        Boolean,
        "false",
        "whether the group stands in the topics' names",
    ),
    key(
        "in-place-attempts",
        Integer,
        "1",
        "deliveries in place before each step to a retry topic",
    ),
    key(
        "in-place-backoff",
        BackOff,
        "0ms",
        "the waits between those",
    ),
    key(
        "order",
        Choice(&["none", "key"]),
        "none",
        "which records wait for one that is retried: none, or those of its key",
    ),
    key(
        "max-fenced-keys",
        Integer,
        "10000",
        "how many keys of a partition may be in retry at once where others wait for them; with more \
         the partition is not read",
    ),
];
