//! The bytes of Kafka's and Spring's serializers: `Codecs.java`.
//!
//! `golden.txt` of the test kit holds them; its `--test golden` reads and writes the same without Spring.

use micro_kafka::codec::Typed;
use micro_kafka::prelude::*;
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::differs::{Error, same};
use crate::peer::{Peer, next};

const GOLDEN: &str = include_str!("../../../micro-kafka-test/tests/golden/golden.txt");
const UUID: &str = "0a0b0c0d-1111-4222-8333-0123456789ab";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct OrderPlaced {
    customer: String,
    cents: i64,
}

/// Serializer, bytes in hexadecimal, and the type if the record says one.
type Written = (String, String, Option<String>);

#[kafka_listener(topics = "codecs-spring", group_id = "codecs-spring")]
async fn read(
    Key(name): Key<String>,
    Bytes(bytes): Bytes<&[u8]>,
    #[header("__TypeId__")] of: Option<&str>,
    State(seen): State<UnboundedSender<Written>>,
) {
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // Nobody listens any more once the talk is over.
    let _ = seen.send((name, hex, of.map(str::to_owned)));
}

pub(super) async fn hold(peer: &Peer) -> Result<(), Error> {
    let golden: Vec<Written> = GOLDEN
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, hex)| {
            let of = (name == "json").then(|| "service.OrderPlaced".to_owned());
            (name.to_owned(), hex.to_owned(), of)
        })
        .collect();
    let (sender, mut received) = mpsc::unbounded_channel::<Written>();
    let app = peer.app().listener(read).state(sender).build()?;
    let app = app.start().await?;
    peer.command::<()>("send-codecs", "").await?;
    for expected in &golden {
        let written = next(&mut received).await?;
        same("what Spring's serializers write", &written, expected)?;
    }
    app.stop().await;
    send_all(&peer.kafka).await?;
    let count = golden.len().to_string();
    let seen = peer.command::<Vec<String>>("seen-codecs", &count).await?;
    let expected = [
        "string=kü 1",
        "short=-2",
        "int=-70000",
        "long=5000000000",
        "float=0.5",
        "double=-0.1",
        "uuid=0a0b0c0d-1111-4222-8333-0123456789ab",
        "json=OrderPlaced[customer=kü, cents=41]",
    ];
    let expected = Some(expected.map(str::to_owned).into());
    same("what Spring's deserializers read", &seen, &expected)
}

/// The same values, by our codecs.
async fn send_all(kafka: &KafkaTemplate) -> Result<(), Error> {
    let topic = "codecs-rust";
    let order = OrderPlaced {
        customer: "kü".to_owned(),
        cents: 41,
    };
    kafka.send(topic, Text("kü 1")).key("string").await?;
    kafka.send(topic, Number(-2_i16)).key("short").await?;
    kafka.send(topic, Number(-70_000_i32)).key("int").await?;
    kafka
        .send(topic, Number(5_000_000_000_i64))
        .key("long")
        .await?;
    kafka.send(topic, Number(0.5_f32)).key("float").await?;
    kafka.send(topic, Number(-0.1_f64)).key("double").await?;
    kafka.send(topic, Text(UUID)).key("uuid").await?;
    let json = Typed::new("service.OrderPlaced", Json(&order));
    kafka.send(topic, json).key("json").await?;
    Ok(())
}
