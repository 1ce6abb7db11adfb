//! Each format, from a send to a handler, with Confluent's wire format in between.

use std::sync::{Arc, Mutex};

use micro_kafka::codec::{
    Avro, AvroRecord, JsonRecord, JsonSchema, Protobuf, ProtobufRecord, Registered,
    SchemaDefinition, SchemaKind,
};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use micro_kafka_test::{EmbeddedRegistry, TestApp};

pub(crate) const ORDER: &str = r#"{"type": "record", "name": "Order", "namespace": "shop",
    "fields": [{"name": "id", "type": "long"}, {"name": "customer", "type": "string"}]}"#;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) customer: String,
}

impl AvroRecord for Order {
    fn definition() -> &'static SchemaDefinition {
        static DEFINITION: SchemaDefinition = SchemaDefinition::avro(ORDER);
        &DEFINITION
    }
}

impl JsonRecord for Order {
    fn definition() -> &'static SchemaDefinition {
        static DEFINITION: SchemaDefinition = SchemaDefinition::json(
            r#"{"type": "object", "required": ["id", "customer"],
                "properties": {"id": {"type": "integer"}, "customer": {"type": "string"}}}"#,
            "shop.Order",
        );
        &DEFINITION
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Quote {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    #[prost(string, tag = "2")]
    pub(crate) price: String,
}

impl ProtobufRecord for Quote {
    fn definition() -> &'static SchemaDefinition {
        static DEFINITION: SchemaDefinition = SchemaDefinition::protobuf(
            "syntax = \"proto3\"; package shop; message Other {} \
             message Quote { uint64 id = 1; string price = 2; }",
            "shop.Quote",
        )
        .message(&[1]);
        &DEFINITION
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(pub(crate) Arc<Mutex<Vec<String>>>);

impl Seen {
    pub(crate) fn note(&self, what: impl std::fmt::Debug) {
        self.0.lock().unwrap().push(format!("{what:?}"));
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[kafka_listener(topics = "orders", group_id = "avro")]
pub(crate) async fn take_avro(
    Registered(Avro(order)): Registered<Avro<Order>>,
    State(seen): State<Seen>,
) {
    seen.note(order);
}

#[kafka_listener(topics = "quotes", group_id = "protobuf")]
pub(crate) async fn take_protobuf(
    Registered(Protobuf(quote)): Registered<Protobuf<Quote>>,
    State(seen): State<Seen>,
) {
    seen.note((quote.id, quote.price));
}

#[kafka_listener(topics = "checked", group_id = "json", batch(max = 10))]
pub(crate) async fn take_json(
    orders: Batch<Registered<JsonSchema<Order>>>,
    State(seen): State<Seen>,
) {
    for Registered(JsonSchema(order)) in orders.into_values() {
        seen.note(order);
    }
}

pub(crate) fn settings(registry: &EmbeddedRegistry) -> String {
    format!(
        "[kafka.schema-registry]\nurl = '{}'\nretries = 0\n",
        registry.url()
    )
}

pub(crate) fn order(id: i64) -> Order {
    Order {
        id,
        customer: format!("c{id}"),
    }
}

/// The template of the application: that of the kit has no registry.
pub(crate) fn template(app: &TestApp) -> KafkaTemplate {
    app.template().clone()
}

#[kafka_test(topics = ["orders", "quotes", "checked"])]
async fn what_is_sent_is_handled_and_schemas_are_asked_for_once(kafka: EmbeddedKafka) {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let seen = Seen::default();
    let app = kafka
        .app()
        .listener(take_avro)
        .listener(take_protobuf)
        .listener(take_json)
        .config(settings(&registry))
        .state(seen.clone())
        .start()
        .await;
    let send = template(&app);
    let quote = |id| Quote {
        id,
        price: "9.99".into(),
    };
    for id in 1..=3 {
        send.send("orders", Registered(Avro(&order(id))))
            .await
            .unwrap();
        send.send(
            "quotes",
            Registered(Protobuf(quote(u64::try_from(id).unwrap()))),
        )
        .await
        .unwrap();
        send.send("checked", Registered(JsonSchema(order(id))))
            .await
            .unwrap();
    }
    for id in ["take_avro", "take_protobuf", "take_json"] {
        app.listener(id).settled().await;
    }
    let mut all = seen.all();
    all.sort();
    assert_eq!(all.len(), 9, "{all:?}");
    assert_eq!(
        all.iter()
            .filter(|it| it.contains("Order { id: 2, customer: \"c2\" }"))
            .count(),
        2
    );
    assert!(all.contains(&"(3, \"9.99\")".to_owned()), "{all:?}");
    let requests = registry.requests();
    assert_eq!(
        requests.len(),
        6,
        "three registrations, three lookups: {requests:?}"
    );
}

#[kafka_test(topics = ["orders"])]
async fn a_record_has_the_bytes_that_confluents_serializer_writes(kafka: EmbeddedKafka) {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let app = kafka
        .app()
        .listener(take_avro)
        .config(settings(&registry))
        .state(Seen::default())
        .start()
        .await;
    template(&app)
        .send("orders", Registered(Avro(&order(7))))
        .await
        .unwrap();
    let record = kafka.topic("orders").assert_one().await;
    assert_eq!(
        record.payload.as_deref(),
        Some(&b"\0\0\0\0\x01\x0e\x04c7"[..])
    );
}

#[kafka_test(topics = ["orders"])]
async fn what_an_older_or_newer_schema_wrote_is_resolved(kafka: EmbeddedKafka) {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let newer = r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
        {"name": "note", "type": ["null", "string"]}, {"name": "id", "type": "int"},
        {"name": "customer", "type": "string"}]}"#;
    let id = registry.register("orders-value", SchemaKind::Avro, newer);
    assert_eq!(id, 1);
    let seen = Seen::default();
    let app = kafka
        .app()
        .listener(take_avro)
        .config(settings(&registry))
        .state(seen.clone())
        .start()
        .await;
    kafka
        .send("orders", Bytes(b"\0\0\0\0\x01\x02\x06new\x0e\x04c7"))
        .await;
    app.listener("take_avro").settled().await;
    assert_eq!(seen.all(), ["Order { id: 7, customer: \"c7\" }"]);
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn case_56_unknown_ids_and_other_headers_are_dead_lettered_with_their_bytes(
    kafka: EmbeddedKafka,
) {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let json = registry.register("other-value", SchemaKind::Json, "{}");
    assert_eq!(json, 1);
    let app = kafka
        .app()
        .listener(take_avro)
        .config(settings(&registry))
        .state(Seen::default())
        .start()
        .await;
    let hostile: [&[u8]; 5] = [
        b"\0\0\0\x10\0card 4111",
        b"\x01\0\0\0\x01card 4111",
        b"\0\0",
        b"",
        b"\0\0\0\0\x01card 4111",
    ];
    for bytes in hostile {
        kafka.send("orders", Bytes(bytes)).await;
    }
    app.listener("take_avro").settled().await;
    let letters = kafka.dlt("orders").all();
    assert_eq!(letters.len(), hostile.len());
    for (letter, bytes) in letters.iter().zip(hostile) {
        assert_eq!(letter.record().payload(), Some(bytes));
        let message = letter.failure().message.clone().unwrap();
        assert!(!message.contains("4111"), "{message}");
    }
    let message = |at: usize| letters[at].failure().message.clone().unwrap();
    assert!(message(0).contains("has no schema 4096"), "{}", message(0));
    assert!(message(0).contains(&registry.url()), "{}", message(0));
    assert!(message(1).contains("begins with 0x01"), "{}", message(1));
    assert!(
        message(4).contains("is JSON, the payload's type wants AVRO"),
        "{}",
        message(4)
    );
}
