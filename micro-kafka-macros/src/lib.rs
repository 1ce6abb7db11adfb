//! The attributes and derives of micro-kafka; use them through `micro_kafka::prelude`.
//!
//! With `MICRO_KAFKA_MACROS_DEBUG=1` in the compiler's environment every expansion is printed to
//! standard error.

mod classify;
mod crate_path;
mod ctxt;
mod function;
mod kafka_record;
mod kafka_test;
mod listener;
mod setting;
mod suggestion;
mod text;
mod value;

use proc_macro::TokenStream;

/// Makes an `async fn` a Kafka listener; the function stays callable.
///
/// | key | value |
/// |---|---|
/// | `topics` | `"orders"` or `["orders", "refunds"]`; the one key that is needed |
/// | `id` | the listener's id, and its group if no other is set; by default the function's name, which is never a group |
/// | `group_id` | the consumer group |
/// | `concurrency` | how many consumers, each on its own thread: 1 to 1000 |
/// | `auto_startup` | `false`: it does not start with the application |
/// | `client_id` | the prefix of the consumers' `client.id` |
/// | `properties` | librdkafka properties of the consumers: `["fetch.min.bytes=1000", …]` |
/// | `ack_mode` | when offsets are committed: `"record"`, `"batch"` or `"manual"` |
/// | `retry` | `retry(attempts = 3, backoff = "100ms")`: deliveries in all, and the wait between them; `"1s..5m x4"` is a wait that grows fourfold from a second up to five minutes |
/// | `crate` | the framework's path if the dependency is renamed: `crate = ::mkx` |
///
/// Texts may hold placeholders, `${name}` or `${name:default}`, which are resolved at boot from
/// settings and environment (but for `ack_mode` and `backoff`). Settings under
/// `[kafka.listeners.<id>]` override each of the values.
///
/// The arguments are extractors: see `micro_kafka::extract`. An argument
/// `#[header("source")] source: Header<&str>` is one header of the record. The function returns
/// `()` or `Result<(), E>`, where `E` is any error.
///
/// A library of listeners must be named by the program that runs them, or it is not linked:
/// `use my_listeners as _;`.
#[proc_macro_attribute]
pub fn kafka_listener(args: TokenStream, item: TokenStream) -> TokenStream {
    shown(listener::expand(args.into(), &item.into()))
}

/// Makes an error type its own policy: what becomes of a record whose handler fails with it.
///
/// | attribute | the record |
/// |---|---|
/// | `#[kafka(dead_letter)]` | goes to the dead-letter topic at once |
/// | `#[kafka(retry)]`, `#[kafka(retry(attempts = 3, backoff = "1s..5m x4"))]` | is tried again; what is left out comes from the listener |
/// | `#[kafka(retry_after)]` | is tried again after the delay in the variant's `Duration` |
/// | `#[kafka(skip)]` | counts as done |
/// | `#[kafka(stop)]` | stays uncommitted, and the container stops |
/// | `#[kafka(transparent)]` | is treated as the variant's one field says, which implements `Classify` |
/// | none | is treated as the listener's settings say |
///
/// On a struct the attribute stands before the struct. A renamed dependency is named before the
/// type: `#[kafka(crate = ::mkx)]`.
#[proc_macro_derive(Classify, attributes(kafka))]
pub fn classify(item: TokenStream) -> TokenStream {
    shown(classify::expand(item.into()))
}

/// Gives a type its topic and its key, so that `kafka.publish(&order)` sends it as JSON.
///
/// | attribute | meaning |
/// |---|---|
/// | `#[kafka(topic = "orders")]` before the type | the topic, without namespace; needed |
/// | `#[kafka(key)]` before a field | the record's key: text, bytes or a number |
/// | `#[kafka(crate = ::mkx)]` before the type | the framework's path if the dependency is renamed |
#[proc_macro_derive(KafkaRecord, attributes(kafka))]
pub fn kafka_record(item: TokenStream) -> TokenStream {
    shown(kafka_record::expand(item.into()))
}

/// Makes an `async fn` with an `EmbeddedKafka` a test, on a runtime and a broker of its own.
///
/// | key | value |
/// |---|---|
/// | `topics` | `"orders"` or `["orders", "refunds"]`: made before the test starts |
/// | `partitions` | how many each of them has: 1 to 10000, by default 1 |
/// | `config` | settings in TOML, over those of `application.toml` |
/// | `deadline` | the longest time that the whole test may take, as in `"10m"`; by default three minutes |
/// | `crate` | the test kit's path if the dependency is renamed: `crate = ::kit` |
///
/// The function returns what a `#[test]` may return. Other attributes, such as
/// `#[should_panic]`, are kept.
#[proc_macro_attribute]
pub fn kafka_test(args: TokenStream, item: TokenStream) -> TokenStream {
    shown(kafka_test::expand(args.into(), &item.into()))
}

fn shown(expansion: proc_macro2::TokenStream) -> TokenStream {
    if std::env::var_os("MICRO_KAFKA_MACROS_DEBUG").is_some_and(|value| value == "1") {
        eprintln!("{expansion}");
    }
    expansion.into()
}
