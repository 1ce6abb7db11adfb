//! Spring Boot's keys that have no counterpart, and what to do instead.

use super::key::relaxed;

/// The first level below `[kafka]`, Spring's key, and the advice.
const ADVICE: &[(&str, &str, &str)] = &[
    ("", "jaas", "who logs in stands in [kafka.sasl]"),
    ("", "streams", "Kafka Streams is no part of this"),
    (
        "ssl",
        "bundle",
        "set trust-store-certificates and key-store-location",
    ),
    (
        "ssl",
        "protocol",
        "leave it out: the newest version that both sides have is used",
    ),
    (
        "ssl",
        "trust-store-password",
        "leave it out: certificates in PEM have none",
    ),
    (
        "ssl",
        "key-store-password",
        "set key-password if the private key is encrypted",
    ),
    ("consumer", "bootstrap-servers", ONE_CLUSTER),
    ("consumer", "security", ALL_CLIENTS),
    ("consumer", "ssl", ALL_CLIENTS),
    ("consumer", "key-deserializer", OF_THE_HANDLER),
    ("consumer", "value-deserializer", OF_THE_HANDLER),
    (
        "consumer",
        "max-poll-records",
        "set batch.max in [kafka.listener]: records are not read by polls",
    ),
    ("producer", "bootstrap-servers", ONE_CLUSTER),
    ("producer", "security", ALL_CLIENTS),
    ("producer", "ssl", ALL_CLIENTS),
    ("producer", "key-serializer", OF_THE_SEND),
    ("producer", "value-serializer", OF_THE_SEND),
    (
        "admin",
        "close-timeout",
        "leave it out: an admin leaves nothing behind",
    ),
    (
        "template",
        "close-timeout",
        "set flush-timeout in [kafka.producer]",
    ),
    (
        "template",
        "observation-enabled",
        "set spans in [kafka.listener]",
    ),
    (
        "listener",
        "type",
        "leave it out: a handler that takes a `Batch` is a batch listener",
    ),
    (
        "listener",
        "async-acks",
        "leave it out: records are acknowledged in any order, by whatever task",
    ),
    (
        "listener",
        "poll-timeout",
        "leave it out: consumers wait for events, not by polls",
    ),
    ("listener", "no-poll-threshold", WATCHED),
    ("listener", "monitor-interval", WATCHED),
    (
        "listener",
        "idle-between-polls",
        "set rate-limit: records begin as there is room for them",
    ),
    (
        "listener",
        "log-container-config",
        "print micro_kafka::config::explain()",
    ),
    (
        "listener",
        "immediate-stop",
        "leave it out: a stop begins nothing more; shutdown-timeout in [kafka] bounds what is in flight",
    ),
    (
        "listener",
        "change-consumer-thread-name",
        "leave it out: threads are named after their listener",
    ),
    (
        "listener",
        "auth-exception-retry-interval",
        "leave it out: a login that is refused is tried again, less and less often",
    ),
];

const ONE_CLUSTER: &str = "set it in [kafka]: an application has one cluster";
const ALL_CLIENTS: &str = "set it in [kafka]: it counts for all clients";
const OF_THE_HANDLER: &str =
    "leave it out: the handler's arguments say it, such as `Json<T>` and `Key<T>`";
const OF_THE_SEND: &str = "leave it out: what is sent says it, such as `Json(&order)`";
const WATCHED: &str =
    "leave it out: a handler that holds its consumer for a second is always told of";

/// What to do instead of setting Spring's key in this table.
pub(crate) fn spring_advice(path: &str, name: &str) -> Option<&'static str> {
    let below = path.strip_prefix("kafka")?.trim_start_matches('.');
    let section = match below.split('.').next().unwrap_or_default() {
        "listeners" | "containers" => "listener",
        "templates" => "template",
        section => section,
    };
    let wanted = relaxed(name);
    let mut all = ADVICE.iter();
    all.find(|(of, key, _)| *of == section && relaxed(key) == wanted)
        .map(|(_, _, advice)| *advice)
}
