//! What a handler returns decides what becomes of the record.

use std::error::Error;
use std::io;
use std::panic::panic_any;

use micro_kafka::__private::v1::Detached;
use micro_kafka::codec::{DecodeError, FromPayload};
use micro_kafka::error::{ErrorKind, Policy};
use micro_kafka::listener::{HandlerSlot, States};
use micro_kafka::prelude::*;
use micro_kafka::record::OwnedRecord;

use crate::support::{chain, listener, record, run};

#[derive(Debug, thiserror::Error, Classify)]
enum Charge {
    #[error("card declined")]
    #[kafka(dead_letter)]
    Declined,
}

type Alias = Result<(), Charge>;

#[kafka_listener(topics = "orders")]
async fn returns_nothing() {}

#[kafka_listener(topics = "orders")]
async fn returns_classified() -> Alias {
    Err(Charge::Declined)
}

#[kafka_listener(topics = "orders")]
async fn returns_io() -> io::Result<()> {
    Err(io::Error::other("disk"))
}

#[kafka_listener(topics = "orders")]
async fn returns_boxed() -> Result<(), Box<dyn Error + Send + Sync>> {
    Err("boxed".into())
}

#[kafka_listener(topics = "orders")]
async fn returns_text() -> Result<(), String> {
    Err("text".into())
}

#[kafka_listener(topics = "orders")]
async fn panics() {
    panic!("attempt {}", 1);
}

#[kafka_listener(topics = "orders")]
async fn panics_oddly() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    panic_any(Bomb);
}

struct Explosive;

impl FromPayload<'_> for Explosive {
    fn from_payload(_: Option<&[u8]>) -> Result<Self, DecodeError> {
        panic!("in extraction");
    }
}

#[kafka_listener(topics = "orders")]
async fn panics_before(_: Explosive) {}

#[kafka_listener(topics = "orders")]
async fn waits(payload: &str, Key(key): Key<Option<&str>>) -> Result<(), String> {
    tokio::task::yield_now().await;
    assert_eq!(key, None, "panics after a wait");
    Err(payload.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_waits_may_move_between_threads() {
    let detached = Detached::new("waits", "", States::default());
    for (key, text) in [(None, "late"), (Some(b"k"), "the handler panicked: ")] {
        let record = OwnedRecord {
            key: key.map(Into::into),
            ..record(Some(b"late"))
        };
        let delivery = detached.delivery(record, 2);
        let handler = (listener("waits").invoke)(delivery, &mut HandlerSlot::default());
        let finished = tokio::spawn(handler.unwrap_err()).await.unwrap();
        assert_eq!(finished.delivery.attempt(), 2);
        let error = finished.result.unwrap_err().to_string();
        assert!(error.starts_with(text), "{error}");
    }
}

#[test]
fn nothing_is_success() {
    run("returns_nothing", record(None)).unwrap();
}

#[test]
fn a_classified_error_brings_its_policy() {
    let error = run("returns_classified", record(None)).unwrap_err();
    assert_eq!(error.policy(), Policy::DeadLetter);
    assert_eq!(error.variant(), Some("Declined"));
    assert_eq!(error.type_name(), "macros::outcome::Charge");
    assert_eq!(error.kind(), ErrorKind::Handler);
    assert_eq!(chain(&error), "card declined");
}

#[test]
fn any_other_error_inherits_the_listeners_policy() {
    for (id, type_name, text) in [
        ("returns_io", "std::io::error::Error", "disk"),
        ("returns_boxed", "alloc::boxed::Box<dyn", "boxed"),
        ("returns_text", "alloc::string::String", "text"),
    ] {
        let error = run(id, record(None)).unwrap_err();
        assert_eq!(error.policy(), Policy::Inherit);
        assert_eq!(error.variant(), None);
        assert_eq!(chain(&error), text);
        let found = error.type_name().replace("core::io", "std::io");
        assert!(found.starts_with(type_name), "{found}");
    }
}

#[test]
fn a_panic_is_a_failure_of_its_record() {
    for (id, text) in [
        ("panics", "the handler panicked: attempt 1"),
        ("panics_oddly", "the handler panicked"),
        ("panics_before", "the handler panicked: in extraction"),
    ] {
        let error = run(id, record(None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panic, "{id}");
        assert_eq!(error.to_string(), text);
    }
}
