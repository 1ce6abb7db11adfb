
use micro_kafka::__private::v1::Detached;
use micro_kafka::listener::{HandlerSlot, LISTENERS, States};
use micro_kafka::record::OwnedRecord;
use micro_kafka::codec::{DecodeError, FromPayload};
use micro_kafka::error::ListenerError;
use micro_kafka::extract::{BytesError, FromBytes, FromRecord};
use micro_kafka::listener::Delivery;
use micro_kafka::prelude::*;

/// A payload format of the user's own.
struct Csv<'r>(Vec<&'r str>);

impl<'r> FromPayload<'r> for Csv<'r> {
    fn from_payload(payload: Option<&'r [u8]>) -> Result<Self, DecodeError> {
        let text = <&str>::from_payload(payload)?;
        match text.is_empty() {
            true => Err(DecodeError::Custom("no columns".into())),
            false => Ok(Self(text.split(',').collect())),
        }
    }
}

/// A key type of the user's own.
#[derive(PartialEq)]
struct CustomerId(u64);

impl FromBytes<'_> for CustomerId {
    fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        let number = <&str>::from_bytes(bytes)?.parse();
        number.map(Self).map_err(|_| BytesError::Custom("not a customer's number".into()))
    }
}

/// An argument of the user's own.
struct Size(usize);

impl FromRecord<'_> for Size {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        Ok(Self(delivery.record().payload().map_or(0, <[u8]>::len)))
    }
}

#[kafka_listener(topics = "orders")]
async fn charge(columns: Csv<'_>, Key(customer): Key<CustomerId>, size: Size) -> Result<(), String> {
    assert!(customer == CustomerId(7) && size.0 == 3);
    Err(columns.0.join("+"))
}

#[kafka_listener(topics = "orders")]
async fn maybe(columns: Option<Csv<'_>>) {
    let _ = columns.map(|columns| columns.0);
}

fn main() {
    let charge = LISTENERS.iter().find(|listener| listener.id == "charge").unwrap();
    let record = OwnedRecord {
        key: Some(b"7".into()),
        payload: Some(b"a,b".into()),
        ..OwnedRecord::new("orders", 0, 0)
    };
    let delivery = Detached::new("charge", "", States::default()).delivery(record, 1);
    let Ok(finished) = (charge.invoke)(delivery, &mut HandlerSlot::default()) else {
        panic!("waits");
    };
    assert_eq!(finished.result.unwrap_err().to_string(), "a+b");
}
