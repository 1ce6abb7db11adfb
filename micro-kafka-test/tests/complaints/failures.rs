//! What users of Spring Kafka complain about where records fail.

use micro_kafka::record::OwnedRecord;

use super::*;

#[derive(Debug, Deserialize)]
struct Order {
    id: u32,
}

#[derive(Debug, thiserror::Error)]
#[error("no account")]
struct NoAccount;

/// The id and the attempt, over retry topics.
type Attempts = Journal<(u32, u32)>;

#[kafka_listener(topics = "orders", group_id = "strict")]
async fn strict(Json(order): Json<Order>, State(orders): State<Journal<u32>>) {
    orders.note(order.id);
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn poison_is_dead_lettered_in_one_pass_byte_for_byte_987_1271_2241(kafka: EmbeddedKafka) {
    let poison: [&[u8]; 5] = [b"", b"{\"id\":", &[0xff, 0xfe, 0x00], b"nil", b"\x00{}"];
    for nth in 0..40_u32 {
        let sent = match poison.get(usize::try_from(nth / 4).unwrap()) {
            Some(bytes) if nth % 4 == 1 => kafka.send("orders", *bytes),
            _ => kafka.send("orders", format!("{{\"id\":{nth}}}")),
        };
        let sent = sent.key(vec![0xfe, nth.to_be_bytes()[3]]);
        let sent = sent.header("source", &[0x80_u8, 0][..]);
        sent.partition(i32::try_from(nth % 2).unwrap()).await;
    }
    let orders = Journal::<u32>::new();
    let app = kafka.app().listener(strict).state(orders.clone());
    let app = app.start().await;
    let settled = app.listener("strict").settled().await;
    settled.assert_handled(35).assert_dead_lettered(5);
    settled.assert_attempts(35 + 5);
    assert_eq!(orders.entries().len(), 35, "none twice");
    let letters = kafka.dlt("orders").all();
    let payloads: BTreeSet<_> = letters
        .iter()
        .map(|letter| letter.record().payload().map(<[u8]>::to_vec))
        .collect();
    let expected = poison.map(|bytes| Some(bytes.to_vec()));
    assert_eq!(payloads, expected.into_iter().collect());
    for letter in letters {
        let record = letter.record();
        assert_eq!(record.key().map(|key| key[0]), Some(0xfe));
        let source = record.headers().get("source").unwrap();
        assert_eq!(source.value, Some(&[0x80, 0][..]));
        assert_eq!(letter.failure().attempts, Some(1));
    }
    let committed = kafka.committed("strict", "orders").await;
    assert_eq!(committed.values().sum::<i64>(), 40);
}

#[kafka_listener(
    topics = "orders",
    group_id = "retried",
    parallelism = 8,
    order = "none"
)]
#[retryable(attempts = 4, backoff = "1s..1m x2")]
async fn retried(
    Json(order): Json<Order>,
    attempt: Attempt,
    State(attempts): State<Attempts>,
) -> Result<(), NoAccount> {
    attempts.note((order.id, attempt.non_blocking()));
    tokio::task::yield_now().await;
    if order.id % 2 == 1 {
        return Err(NoAccount);
    }
    Ok(())
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn n_failing_records_cost_n_times_their_attempts_over_retry_topics_4504_4505(
    kafka: EmbeddedKafka,
) {
    for id in 0..60_i32 {
        let send = kafka.send("orders", format!("{{\"id\":{id}}}"));
        send.partition(id % 3).await;
    }
    let attempts = Attempts::new();
    let app = kafka.app().listener(retried).state(attempts.clone());
    let app = app.start().await;
    kafka.advance("1m").await;
    let settled = app.listener("retried").settled().await;
    settled.assert_attempts(30 + 30 * 4).assert_handled(30);
    let mut seen = attempts.entries();
    seen.sort_unstable();
    let expected =
        (0..60).flat_map(|id| (1..=if id % 2 == 1 { 4 } else { 1 }).map(move |n| (id, n)));
    assert_eq!(seen, expected.collect::<Vec<_>>());
    kafka.dlt("orders").assert_count(30);
    let many = app.containers().len();
    assert_eq!(many, 2, "one container for three retry topics (2150, 2496)");
}

#[kafka_listener(
    topics = "orders",
    group_id = "bulk",
    batch(max = 5, linger = "1ms"),
    retry(attempts = 4, backoff = "1s")
)]
async fn bulk(
    orders: Batch<(Json<Order>, Meta)>,
    State(attempts): State<Attempts>,
) -> Result<(), NoAccount> {
    let mut bad = false;
    for order in orders.iter() {
        let (Json(Order { id }), meta) = order.value();
        attempts.note((*id, order.attempt()));
        bad |= meta.partition() == 0;
    }
    if bad { Err(NoAccount) } else { Ok(()) }
}

/// Mended in Spring 4.2: a batch of another partition that was well began the count anew.
#[kafka_test(topics = ["orders"], partitions = 2)]
async fn a_healthy_partition_does_not_begin_the_attempts_of_a_failing_batch_anew(
    kafka: EmbeddedKafka,
) {
    let attempts = Attempts::new();
    let app = kafka.app().listener(bulk).state(attempts.clone());
    let app = app.start().await;
    for id in 0..3 {
        let send = kafka.send("orders", format!("{{\"id\":{id}}}"));
        send.partition(0).await;
    }
    let of = |wanted: u32| {
        let seen = attempts.entries().into_iter();
        seen.filter(move |(id, _)| *id == wanted)
            .map(|(_, attempt)| attempt)
            .collect::<Vec<_>>()
    };
    for healthy in 10..14 {
        kafka.advance("1s").await;
        let send = kafka.send("orders", format!("{{\"id\":{healthy}}}"));
        send.partition(1).await;
        attempts.until(|all| all.contains(&(healthy, 1))).await;
    }
    let settled = app.listener("bulk").settled().await;
    settled.assert_handled(4).assert_dead_lettered(3);
    for id in 0..3 {
        assert_eq!(of(id), [1, 2, 3, 4], "record {id}");
    }
    for healthy in 10..14 {
        assert_eq!(of(healthy), [1], "record {healthy}");
    }
}

#[kafka_listener(
    topics = "orders",
    group_id = "all-or-nothing",
    batch(max = 4),
    transactional,
    retry(attempts = 3)
)]
async fn all_or_nothing(
    orders: Batch<Json<Order>>,
    State(attempts): State<Attempts>,
) -> Result<(), NoAccount> {
    for order in orders.iter() {
        attempts.note((order.value().0.id, order.attempt()));
    }
    match orders.values().any(|order| order.id < 4) {
        true => Err(NoAccount),
        false => Ok(()),
    }
}

/// In Spring it is delivered without end, and nothing behind it is ever handled.
#[kafka_test(topics = ["orders"])]
async fn a_failing_batch_in_a_transaction_starves_nobody_2588(kafka: EmbeddedKafka) {
    for id in 0..12 {
        kafka.send("orders", format!("{{\"id\":{id}}}")).await;
    }
    let attempts = Attempts::new();
    let app = kafka.app().listener(all_or_nothing).state(attempts.clone());
    let app = app.start().await;
    app.listener("all_or_nothing").settled().await;
    let stats = app.listener("all_or_nothing").stats();
    let lost = stats.dead_lettered;
    assert_eq!(stats.handled + lost, 12, "{stats:?}");
    assert!((4..12).contains(&lost), "{stats:?}");
    assert!(attempts.entries().iter().all(|(_, attempt)| *attempt <= 3));
    kafka
        .dlt("orders")
        .assert_count(usize::try_from(lost).unwrap());
    let committed = kafka.group("all-or-nothing").committed("orders").await;
    assert!(committed[&0] >= 12, "{committed:?}");
}

fn values<'r>(record: &'r OwnedRecord, name: &str) -> Vec<&'r [u8]> {
    let named = record.headers.iter();
    let named = named.filter(|header| header.name == name.as_bytes());
    named
        .map(|it| it.value.as_deref().unwrap_or_default())
        .collect()
}

#[kafka_listener(topics = "orders", group_id = "informed", info = "of the process")]
#[retryable(attempts = 2, backoff = "1s", in_place(attempts = 2))]
async fn informed(
    #[header("kafka_listenerInfo")] _of_the_wire: Option<&str>,
) -> Result<(), NoAccount> {
    Err(NoAccount)
}

/// Its own notes went on the way with the record: the attempt, the listener's info, another trace.
#[kafka_test(topics = ["orders"])]
async fn what_belongs_to_the_process_leaks_into_no_copy_and_a_trace_stays_one_3816(
    kafka: EmbeddedKafka,
) {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    kafka.send("orders", "x").header("traceparent", trace).await;
    let app = kafka.app().listener(informed).start().await;
    kafka.advance("1m").await;
    let settled = app.listener("informed").settled().await;
    settled.assert_attempts(4).assert_dead_lettered(1);
    for topic in ["orders-retry", "orders-dlt"] {
        let copy = kafka.topic(topic).assert_one().await;
        assert_eq!(values(&copy, "traceparent"), [trace.as_bytes()], "{topic}");
        for own in ["kafka_deliveryAttempt", "kafka_listenerInfo"] {
            assert!(values(&copy, own).is_empty(), "{own} in {topic}");
        }
    }
}
