//! The keys of `[kafka.json]` and `[kafka.schema-registry]`.

use crate::config::reference::Kind::{Boolean, Choice, Duration, Integer, Text, Texts};
use crate::config::reference::{Key, key};

pub(super) const JSON: &[Key] = &[key(
    "type-mapping",
    Texts,
    "",
    "which token stands for which type in the header `__TypeId__`, as `token:type`",
)];

pub(super) const SCHEMA_REGISTRY: &[Key] = &[
    key(
        "url",
        Texts,
        "",
        "`http://host:port` or `https://…`; of several the next is asked where one does not answer",
    ),
    key("username", Text, "", "who asks, together with `password`"),
    key("password", Text, "", "what goes with `username`"),
    key(
        "bearer-token",
        Text,
        "",
        "who asks, instead of a name and a password",
    ),
    key(
        "ca-location",
        Text,
        "",
        "the file of the certificates in PEM that sign the registry's; default: the system's",
    ),
    key(
        "auto-register",
        Boolean,
        "true",
        "whether schemas of what is sent are registered; otherwise they have to be there",
    ),
    key(
        "use-latest-version",
        Boolean,
        "false",
        "whether what is sent is written by the latest schema of its subject",
    ),
    key(
        "subject-strategy",
        Choice(&["topic", "record", "topic-record"]),
        "topic",
        "how subjects are named: `<topic>-value`, the full name of the record, or both",
    ),
    key("timeout", Duration, "5s", "how long one request may take"),
    key(
        "retries",
        Integer,
        "3",
        "how often a request without an answer is sent again before it fails; records then wait, and \
         are tried again",
    ),
];
