//! The attributes and derives of micro-kafka; use them through `micro_kafka::prelude`.
//!
//! With `MICRO_KAFKA_MACROS_DEBUG=1` in the compiler's environment every expansion is printed to
//! standard error.

mod classify;
mod crate_path;
mod ctxt;
mod derive;
mod event;
mod function;
mod idempotent;
mod kafka_record;
mod kafka_test;
mod listener;
mod retryable;
mod setting;
mod suggestion;
mod text;
mod value;

use proc_macro::TokenStream;

/// Makes an `async fn` a Kafka listener; the function stays callable.
///
/// | key | value |
/// |---|---|
/// | `topics` | `"orders"` or `["orders", "refunds"]`; one of this and the next two is needed |
/// | `topic_pattern` | a POSIX regular expression that topics match as a whole, those included that are made later |
/// | `topic_partitions` | `"orders[0-5,7]@earliest"`, or several: these partitions, without a group's assignment |
/// | `id` | the listener's id, and its group if no other is set; by default the function's name, which is never a group |
/// | `group_id` | the consumer group |
/// | `concurrency` | how many consumers, each on its own thread: 1 to 1000 |
/// | `auto_startup` | `false`: it does not start with the application |
/// | `client_id` or `client_id_prefix` | the prefix of the consumers' `client.id` |
/// | `batch` | `batch` or `batch(max = 500, linger = "50ms")`: the function takes a `Batch<…>` of records of one partition |
/// | `transactional` | `transactional` or `transactional(max = 500, linger = "100ms")`: what the function sends by a `Tx` or returns for `send_to`, dead letters and the offsets go into one Kafka transaction |
/// | `container` | the table `[kafka.containers.<name>]` whose settings count where neither the attribute nor the listener's own table has one |
/// | `filter` | `path::to::function` of type `fn(&Record) -> bool`: records for which it is `false` count as done |
/// | `error_handler` | `path::to::function` of type `fn(&Delivery, &ListenerError) -> Action`, or the name of a handler that the application registers |
/// | `recoverer` | `"dead-letter"`, or `"log"`: records that are not tried again are given up with a line in the log |
/// | `dead_letter_topic` | where its dead letters go, instead of `<topic>-dlt` |
/// | `send_to` | `"topic"`: what the function returns is sent there, and acknowledged before the offset is committed; alone: to the topic in the record's `kafka_replyTopic` |
/// | `info` | a text that the function takes as `Info` |
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

/// Sends the records that a listener fails with through retry topics, so that its own partitions
/// never wait: the counterpart of Spring's `@RetryableTopic`. It stands above or below
/// `#[kafka_listener]`.
///
/// | key | value |
/// |---|---|
/// | `attempts` | deliveries in all, the first one included; by default 3 |
/// | `backoff` | the waits between them: `"10s"`, or `"1s..5m x4"` for one that grows fourfold from a second up to five minutes; by default `"1s"` |
/// | `max_delay` | no wait is longer: `"1m"` |
/// | `jitter` | how far a wait may differ from the back-off's, as a share of it: `0.2` |
/// | `timeout` | the time since the record was first sent, after which it is not retried: `"1h"` |
/// | `include` | the only errors that are retried: `["Timeout", std::io::Error]`, variants as texts or types, which count as causes, too |
/// | `exclude` | errors that are not retried, instead |
/// | `suffix` | what the names of retry topics end with; by default `"-retry"` |
/// | `dlt_suffix` | what the names of dead-letter topics end with; by default `"-dlt"` |
/// | `suffixing` | what retry topics are named after: `"delay"` (`orders-retry-1000`) or `"index"` (`orders-retry-0`) |
/// | `same_interval` | whether equal waits at the end share a topic: `"single-topic"` or `"multiple-topics"` |
/// | `order`, `max_fenced_keys` | `"key"`: later records of a key wait for one that is retried; how many keys of a partition may |
/// | `dlt_strategy` | what becomes of records whose retries are used up: `"fail"`, `"always-retry"` or `"none"` |
/// | `dlt_routing` | `dlt_routing(Timeout = "-timeout")`: errors with a dead-letter topic of their own, `orders-timeout-dlt` |
/// | `auto_create` | `false`: retry and dead-letter topics are not created at start |
/// | `partitions`, `replication_factor` | of created topics; by default as many partitions as the source has |
/// | `concurrency` | how many consumers read the retry topics; by default as many as the listener has |
/// | `window` | how many records of a partition are read ahead; by default 10000 |
/// | `compat` | `"spring"`: a group for each retry topic, named as Spring names them, for services of both kinds |
/// | `group_in_names` | `true`: the group stands in the topics' names, for several listeners of one topic |
/// | `in_place` | `in_place(attempts = 3, backoff = "10ms")`: deliveries in place before each step to a retry topic |
///
/// Texts may hold placeholders. Settings under `[kafka.listeners.<id>.retry-topic]` override each of
/// the values, those under `[kafka.retry.topic]` are taken where there is none.
#[proc_macro_attribute]
pub fn retryable(args: TokenStream, item: TokenStream) -> TokenStream {
    shown(retryable::expand(&args.into(), &item.into()))
}

/// Handles each key once: a record whose key was handled before is acknowledged without its
/// handler, and counted. It stands above or below `#[kafka_listener]`.
///
/// | key | value |
/// |---|---|
/// | `key` | what tells two records apart; needed |
/// | `store` | where keys are remembered: `"memory"`, the default; `"topic"`, a compacted topic beside the listener's own; or a store that the application registers by `.idempotency_store("name", …)` |
/// | `window` | how long a key is remembered: `"1h"`; by default 24 hours |
///
/// | `key =` | the key is |
/// |---|---|
/// | `header("event-id")` | that header; a record without it is dead-lettered |
/// | `"key"` | the record's key |
/// | `"offset"` | topic, partition and offset, kept over retry topics |
/// | `order.id`, `format!("{}-{}", order.shop, order.id)` | an expression over arguments of the function, of any type that implements `Display`; what it names is taken from the record once more |
/// | `path::to::function`, a closure | a function of `&Record` that returns an `Option`: records with `None` are handled without |
///
/// A handler that fails releases its key, so that retries in place and by retry topics run it
/// again. A record whose key is being handled waits until that is decided. Batches and manual ack
/// modes are refused, and transactional listeners with every store but `"topic"`. Settings under
/// `[kafka.listeners.<id>]` override `store` and `window`: `idempotency-store`,
/// `idempotency-window`.
#[proc_macro_attribute]
pub fn idempotent(args: TokenStream, item: TokenStream) -> TokenStream {
    shown(idempotent::expand(&args.into(), &item.into()))
}

/// Makes an `async fn` the listener of another listener's dead letters.
///
/// `of` names the function with `#[kafka_listener]`. The topics are that listener's dead-letter
/// topics, the group is its group with `-dlt`; the other keys are those of
/// [`macro@kafka_listener`] but for `topics`, `topic_pattern`, `topic_partitions`, `send_to`,
/// `recoverer` and `dead_letter_topic`. The function takes `Failure` beside whatever else a
/// listener takes, and is tried again as any listener. A letter whose attempts are used up is
/// logged and stays in its topic, unless `[kafka.listeners.<id>] recoverer = "dead-letter"` says
/// otherwise.
#[proc_macro_attribute]
pub fn dlt_handler(args: TokenStream, item: TokenStream) -> TokenStream {
    shown(listener::expand_letters(args.into(), &item.into()))
}

/// Makes an error type its own policy: what becomes of a record whose handler fails with it.
///
/// | attribute | the record |
/// |---|---|
/// | `#[kafka(dead_letter)]` | goes to the dead-letter topic at once |
/// | `#[kafka(retry)]`, `#[kafka(retry(attempts = 3, backoff = "1s..5m x4"))]` | is tried again; what is left out comes from the listener |
/// | `#[kafka(retry_after)]` | is tried again after the delay in the variant's `Duration` |
/// | `#[kafka(skip)]` | counts as done |
/// | `#[kafka(park)]` | stays where it is, and its lane waits until the container is asked to `unpark` |
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
/// | `partitions = 6`, `replication_factor = 3` beside it | how an application makes the topic that is told of the type by `.topic::<T>()` |
/// | `compacted` | the last record of each key is kept |
/// | `configs = ["retention.ms=60000"]` | other settings of the topic |
/// | `#[kafka(key)]` before a field | the record's key: text, bytes or a number |
/// | `#[kafka(crate = ::mkx)]` before the type | the framework's path if the dependency is renamed |
#[proc_macro_derive(KafkaRecord, attributes(kafka))]
pub fn kafka_record(item: TokenStream) -> TokenStream {
    shown(kafka_record::expand(item.into()))
}

/// Makes an enum the argument of a listener whose topic holds several types of events: each record
/// becomes the variant that is named after it.
///
/// | before the enum | the name of an event is |
/// |---|---|
/// | `#[kafka(header = "event-type")]` | the text of that header |
/// | `#[kafka(type_id)]` | the Java type in Spring's `__TypeId__`, in full or without its package |
/// | `#[kafka(tag = "type")]` | that field of the payload's JSON object |
///
/// | before a variant | |
/// |---|---|
/// | `#[kafka(name = "order.placed")]` | events of that name; without it, of the variant's own |
/// | `#[kafka(other)]` | all others |
///
/// Without such a variant the enum says what becomes of others: `#[kafka(unknown = "dead_letter")]`
/// or `#[kafka(unknown = "skip")]`. A variant holds arguments as a listener takes them:
/// `Placed(Json<Placed>)`, `Moved(Json<Moved>, Meta)`, `Other(Record)`, or nothing.
#[proc_macro_derive(KafkaEvent, attributes(kafka))]
pub fn kafka_event(item: TokenStream) -> TokenStream {
    shown(event::expand(item.into()))
}

/// Makes an `async fn` with an `EmbeddedKafka` a test, on a runtime and a broker of its own.
///
/// | key | value |
/// |---|---|
/// | `topics` | `"orders"` or `["orders", "refunds:6"]`: made before the test starts, with as many partitions as stand after the colon |
/// | `partitions` | how many the others have: 1 to 10000, by default 1 |
/// | `broker` | properties of the embedded broker, with Kafka's names: `["log.retention.ms=1000", …]` |
/// | `brokers` | how many brokers there are: 1 |
/// | `shared` | alone: the broker is one that all such tests of the binary share, each with a namespace of its own |
/// | `embedded` | why the test runs on the embedded broker only: with another Kafka it is left out |
/// | `clock` | `"paused"`: the applications' time moves by `advance` only; by default `"running"` |
/// | `config` | settings of its applications in TOML |
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
