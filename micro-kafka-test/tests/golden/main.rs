//! The bytes that Kafka's and Spring's serializers write: `golden.txt`, which `cargo xtask spring …
//! codecs` compares with those of a running Spring service.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fmt::Debug;

use micro_kafka::codec::ToPayload;
use micro_kafka::prelude::*;
use micro_kafka_test::Driven;
use micro_kafka_test::prelude::*;

const GOLDEN: &str = include_str!("golden.txt");

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct OrderPlaced {
    customer: String,
    cents: i64,
}

/// As an own type is read from a text, and written as one.
#[derive(Debug, PartialEq)]
struct Uuid(u128);

impl std::fmt::Display for Uuid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hex = format!("{:032x}", self.0);
        let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
        write!(f, "{a}-{b}-{c}-{}-{}", &hex[16..20], &hex[20..])
    }
}

impl std::str::FromStr for Uuid {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(&text.replace('-', ""), 16).map(Self)
    }
}

fn golden(name: &str) -> Vec<u8> {
    let mut lines = GOLDEN.lines().filter_map(|line| line.split_once(' '));
    let (_, hex) = lines.find(|(found, _)| *found == name).expect(name);
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// Writes a payload, and reads the golden bytes by a listener that compares.
async fn both_ways(name: &str, payload: impl ToPayload, driven: Driven) {
    let mut written = Vec::new();
    assert!(payload.to_payload(&mut written).unwrap());
    assert_eq!(written, golden(name), "{name}");
    driven.deliver(Bytes(golden(name))).await.assert_done();
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "as short as possible where it is called"
)]
fn same<T: PartialEq + Debug>(found: T, expected: T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{found:?}, not {expected:?}")),
    }
}

const UUID: u128 = 0x0a0b_0c0d_1111_4222_8333_0123_4567_89ab;

#[kafka_listener(topics = "codecs", group_id = "codecs")]
async fn read_string(text: &str) -> Result<(), String> {
    same(text, "kü 1")
}

#[kafka_listener(topics = "codecs", group_id = "codecs")]
async fn read_short(Number(number): Number<i16>) -> Result<(), String> {
    same(number, -2)
}

#[kafka_listener(topics = "codecs", group_id = "codecs")]
async fn read_int(Number(number): Number<i32>) -> Result<(), String> {
    same(number, -70_000)
}

#[kafka_listener(topics = "codecs", group_id = "codecs")]
async fn read_long(Number(number): Number<i64>) -> Result<(), String> {
    same(number, 5_000_000_000)
}

#[kafka_listener(topics = "codecs", group_id = "codecs")]
async fn read_float(Number(number): Number<f32>) -> Result<(), String> {
    same(number, 0.5)
}

#[kafka_listener(topics = "codecs", group_id = "codecs")]
async fn read_double(Number(number): Number<f64>) -> Result<(), String> {
    same(number, -0.1)
}

#[kafka_listener(topics = "codecs", group_id = "codecs")]
async fn read_uuid(Parsed(uuid): Parsed<Uuid>) -> Result<(), String> {
    same(uuid, Uuid(UUID))
}

#[kafka_listener(topics = "codecs", group_id = "codecs")]
async fn read_json(Json(order): Json<OrderPlaced>) -> Result<(), String> {
    same(order, placed())
}

fn placed() -> OrderPlaced {
    OrderPlaced {
        customer: "kü".to_owned(),
        cents: 41,
    }
}

#[tokio::test]
async fn texts_and_numbers_are_those_of_kafkas_serializers() {
    both_ways("string", Text("kü 1"), drive(read_string).build()).await;
    both_ways("short", Number(-2_i16), drive(read_short).build()).await;
    both_ways("int", Number(-70_000_i32), drive(read_int).build()).await;
    both_ways("long", Number(5_000_000_000_i64), drive(read_long).build()).await;
    both_ways("float", Number(0.5_f32), drive(read_float).build()).await;
    both_ways("double", Number(-0.1_f64), drive(read_double).build()).await;
}

#[tokio::test]
async fn uuids_are_texts_as_the_serializer_of_uuids_writes_them() {
    both_ways("uuid", Parsed(Uuid(UUID)), drive(read_uuid).build()).await;
}

#[tokio::test]
async fn json_is_that_of_springs_serializer() {
    both_ways("json", Json(placed()), drive(read_json).build()).await;
}
