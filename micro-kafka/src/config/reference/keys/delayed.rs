//! The keys of delayed sends.

use crate::config::reference::Kind::{Integer, Size, Text};
use crate::config::reference::{Key, key};

pub(super) const DELAYED: &[Key] = &[
    key(
        "topic",
        Text,
        "",
        "where records wait, of this service alone; created, compacted, if it is missing",
    ),
    key(
        "group-id",
        Text,
        "",
        "the group of the schedulers in all instances; else named as the topic",
    ),
    key("partitions", Integer, "6", "of a topic that is created"),
    key(
        "replication-factor",
        Integer,
        "",
        "of a topic that is created; else the broker's default",
    ),
    key(
        "memory",
        Size,
        "16MiB",
        "for the bytes of what is due next; what is due later is read again then",
    ),
];
