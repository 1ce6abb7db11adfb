//! The keys of templates.

use crate::config::reference::Kind::{Duration, Integer, Text, Texts};
use crate::config::reference::{Key, key};

pub(super) const TEMPLATE: &[Key] = &[
    key(
        "default-topic",
        Text,
        "",
        "where records go that name no topic",
    ),
    key("reply-topic", Text, "", "where replies to requests arrive"),
    key(
        "reply-partition",
        Integer,
        "",
        "the partition of it that is this instance's own",
    ),
    key("reply-timeout", Duration, "5s", "how long a request waits"),
];

pub(super) const NAMED_TEMPLATE: &[Key] = &[
    key(
        "topics",
        Texts,
        "",
        "what goes by this template; `*` stands for any text",
    ),
    key(
        "default-topic",
        Text,
        "",
        "where records go that name no topic",
    ),
];
