//! Avro's bytes, golden and hostile.

use apache_avro::Schema;
use proptest::prelude::*;
use serde::Deserialize;

use super::read::read_as;
use super::*;
use crate::codec::DecodeError;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    id: i64,
    customer: String,
    cents: Vec<i32>,
    note: Option<String>,
    status: Status,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Status {
    Open,
    Paid,
}

impl AvroRecord for Order {
    fn definition() -> &'static SchemaDefinition {
        static ORDER: SchemaDefinition = SchemaDefinition::avro(
            r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
                {"name": "id", "type": "long"}, {"name": "customer", "type": "string"},
                {"name": "cents", "type": {"type": "array", "items": "int"}},
                {"name": "note", "type": ["null", "string"], "default": null},
                {"name": "status", "type": {"type": "enum", "name": "Status",
                                            "symbols": ["Open", "Paid"]}}]}"#,
        );
        &ORDER
    }
}

/// A list that is as deep as it is long.
#[derive(Debug, Serialize, Deserialize)]
struct List {
    next: Option<Box<Self>>,
}

impl AvroRecord for List {
    fn definition() -> &'static SchemaDefinition {
        static LIST: SchemaDefinition = SchemaDefinition::avro(
            r#"{"type": "record", "name": "List",
                "fields": [{"name": "next", "type": ["null", "List"]}]}"#,
        );
        &LIST
    }
}

fn order() -> Order {
    Order {
        id: 7,
        customer: "c1".into(),
        cents: vec![-1, 64],
        note: Some("x".into()),
        status: Status::Paid,
    }
}

fn written(order: &Order) -> Vec<u8> {
    let mut buffer = b"kept".to_vec();
    assert!(Avro(order).to_payload(&mut buffer).unwrap());
    buffer.split_off(4)
}

fn read<T: DeserializeOwned + AvroRecord>(bytes: &[u8]) -> Result<T, String> {
    let read = Avro::<T>::from_payload(Some(bytes));
    read.map(|read| read.0).map_err(|error| error.to_string())
}

#[test]
fn bytes_are_those_of_the_avro_specification() {
    // long 7, string "c1", a block of two ints and its end, branch 1 with "x", symbol 1.
    let golden = b"\x0e\x04c1\x04\x01\x80\x01\x00\x02\x02x\x02";
    assert_eq!(written(&order()), golden);
    assert_eq!(read(golden), Ok(order()));
    // A block that tells its size, as Java's blocking encoder writes it.
    let blocked = b"\x0e\x04c1\x03\x06\x01\x80\x01\x00\x02\x02x\x02";
    assert_eq!(read(blocked), Ok(order()));
}

#[test]
fn an_unsuitable_value_leaves_the_buffer_as_it_was() {
    struct Other;
    impl Serialize for Other {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str("4111")
        }
    }
    impl AvroRecord for Other {
        fn definition() -> &'static SchemaDefinition {
            Order::definition()
        }
    }
    let mut buffer = b"kept".to_vec();
    let error = Avro(Other).to_payload(&mut buffer).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value cannot be written as Avro by its schema"
    );
    assert_eq!(buffer, b"kept");
}

#[test]
fn newer_and_older_schemas_are_resolved() {
    let newer = Schema::parse_str(
        r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
            {"name": "more", "type": {"type": "map", "values": "double"}},
            {"name": "status", "type": {"type": "enum", "name": "Status",
                                        "symbols": ["Paid", "Open"]}},
            {"name": "cents", "type": {"type": "array", "items": "int"}},
            {"name": "customer", "type": "string"}, {"name": "id", "type": "int"}]}"#,
    )
    .unwrap();
    let bytes = b"\x02\x02k\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x04\x01\x80\x01\x00\x04c1\x0e";
    let reader = Order::definition().avro_schema().unwrap();
    let read: Order = read_as((&newer).into(), reader, bytes, Limits::default()).unwrap();
    assert_eq!(
        read,
        Order {
            note: None,
            ..order()
        }
    );
    let other = Schema::parse_str(r#""string""#).unwrap();
    let error = read_as::<Order>((&other).into(), reader, b"\x08card", Limits::default());
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("cannot be read by the reader's") && !error.contains("card"),
        "{error}"
    );
}

#[test]
fn case_58_negative_counts_huge_branches_and_lengths_that_lie_are_refused() {
    let head = b"\x0e\x04c1";
    let with = |rest: &[u8]| [&head[..], rest].concat();
    for (bytes, told) in [
        (with(b"\x01\x02"), "a block longer than the payload"),
        (
            with(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
            "the payload ends too early",
        ),
        (
            with(&[0xfe, 0xff, 0xff, 0xff, 0x0f]),
            "more items than the payload has bytes",
        ),
        (with(&[0xff; 12]), "an integer of more than 64 bits"),
        (with(b"\x00\xfe\xff\xff\xff\x0f"), "no branch of the union"),
        (with(b"\x00\x01"), "no branch of the union"),
        (with(b"\x00\x02\xfe\xff\xff\xff\x0f"), "bytes where"),
        (with(b"\x00\x02\x01"), "a negative length"),
        (with(b"\x00\x00\x04"), "no symbol of the enum"),
        (with(b"\x00\x00"), "the payload ends too early"),
        (with(b"\x00\x00\x00 4111"), "bytes are left over"),
        (b"\x0e\x02\xff".to_vec(), "not valid UTF-8"),
        (Vec::new(), "the payload ends too early"),
    ] {
        let counted = allocation_counter::measure(|| {
            let error = read::<Order>(&bytes).unwrap_err();
            assert!(error.contains(told) && !error.contains("4111"), "{error}");
        });
        assert!(counted.bytes_max < 100_000, "{counted:?}");
    }
    let error = read::<Order>(&with(b"\x00\x02\xfe\xff\xff\xff\x0f")).unwrap_err();
    assert!(error.contains("at byte 11 (`note`)"), "{error}");
}

#[test]
fn a_million_levels_are_an_error_and_no_stack_overflow() {
    let bytes = vec![2; 1_000_000];
    let error = read::<List>(&bytes).unwrap_err();
    assert!(error.contains("deeper than 32 levels"), "{error}");
    let mut fine = vec![2; 15];
    fine.push(0);
    assert!(read::<List>(&fine).is_ok());
}

#[test]
fn null_and_broken_schemas_are_told() {
    let error = Avro::<Order>::from_payload(None).unwrap_err();
    assert!(matches!(error, DecodeError::Null));
    static WRONG: SchemaDefinition = SchemaDefinition::avro(r#"{"type": "record"}"#);
    let error = WRONG.check().unwrap_err().to_string();
    assert!(
        error.starts_with("the AVRO schema cannot be used: "),
        "{error}"
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        id: i64, customer: String, cents: Vec<i32>, note: Option<String>, paid: bool,
    ) {
        let status = if paid { Status::Paid } else { Status::Open };
        let order = Order { id, customer, cents, note, status };
        prop_assert_eq!(read(&written(&order)), Ok(order));
    }

    #[test]
    fn hostile_bytes_end_in_a_value_or_an_error(bytes: Vec<u8>) {
        let _ = read::<Order>(&bytes);
        let _ = read::<List>(&bytes);
    }

    #[test]
    fn one_byte_that_is_another_ends_in_a_value_or_an_error(at in 0_usize..13, byte: u8) {
        let mut bytes = written(&order());
        bytes[at] = byte;
        let _ = read::<Order>(&bytes);
    }
}
