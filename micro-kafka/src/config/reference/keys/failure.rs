//! The keys of what follows a failure: retries, the breaker, dead letters, alarms.

use crate::config::reference::Kind::{
    BackOff, Boolean, Choice, Duration, Integer, Share, Size, Texts,
};
use crate::config::reference::{Key, key};

pub(super) const BREAKER: &[Key] = &[
    key(
        "enabled",
        Boolean,
        "",
        "whether there is a breaker; else as soon as another key is set",
    ),
    key(
        "window",
        Integer,
        "",
        "it opens when more than half of so many attempts failed; 20 if not set",
    ),
    key(
        "wait",
        BackOff,
        "",
        "how long nothing begins until one record is tried; `5s..1m x2` if not set",
    ),
];

pub(super) const RETRY_BUDGET: &[Key] = &[
    key(
        "enabled",
        Boolean,
        "",
        "whether there is a budget; else as soon as another key is set",
    ),
    key(
        "percent",
        Integer,
        "",
        "the share of a minute's records that may go; 20 if not set",
    ),
    key(
        "at-least",
        Integer,
        "",
        "so many of a minute may go whatever their share is; 10 if not set",
    ),
];

pub(super) const QUARANTINE: &[Key] = &[
    key(
        "enabled",
        Boolean,
        "",
        "whether there is a quarantine; else as soon as another key is set",
    ),
    key(
        "after",
        Integer,
        "",
        "deaths in a row at one place until records run one at a time; 2 if not set",
    ),
];

pub(super) const RETRY: &[Key] = &[
    key(
        "attempts",
        Integer,
        "10",
        "deliveries in all, the first included",
    ),
    key(
        "backoff",
        BackOff,
        "0ms",
        "the waits between them: `1s..5m x4`",
    ),
    key(
        "jitter",
        Share,
        "0",
        "how far a wait may differ, as a share of it",
    ),
    key(
        "reset-on-change",
        Boolean,
        "false",
        "whether an error of another type or variant begins the attempts anew",
    ),
];

pub(super) const VARIANT: &[Key] = &[
    key(
        "attempts",
        Integer,
        "",
        "deliveries in all, the first included",
    ),
    key("backoff", BackOff, "", "the waits between them"),
    key(
        "policy",
        Choice(&["retry", "dead-letter", "skip", "park", "stop"]),
        "",
        "over what the error says itself",
    ),
];

pub(super) const DEAD_LETTERS: &[Key] = &[
    key(
        "exclude-headers",
        Texts,
        "",
        "headers that are not written, named without `kafka_dlt-`: `exception-stacktrace`, `mk-trace`",
    ),
    key(
        "max-text",
        Size,
        "",
        "the longest message or list of sources; else 8 KiB",
    ),
    key(
        "texts",
        Boolean,
        "",
        "whether what errors say is written; else yes",
    ),
];

pub(super) const ALARM: &[Key] = &[
    key(
        "dead-letters",
        Integer,
        "",
        "how many records that are given up",
    ),
    key("retries", Integer, "", "how many further attempts"),
    key("within", Duration, "", "in which time; else 1 minute"),
];
