use proptest::prelude::*;

use super::*;
use crate::wire::comes_back;

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_come_back_in_every_version(seed: u64) {
        comes_back::<OffsetCommitKey>(seed);
        comes_back::<OffsetCommitValue>(seed);
        comes_back::<GroupMetadataKey>(seed);
        comes_back::<GroupMetadataValue>(seed);
    }
}

fn bytes(hex: &str) -> Bytes {
    let digits: Vec<_> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Records as Apache Kafka 4.3.1 has written them.
const OFFSET: (&str, &str) = (
    "0001 0002 6774 0002 746f 00000003",
    "0004 00000000000003af 00000000 01 000001a214ece74f 01 00 10 aed81ef2b21e47a7b2178ff0e146a067",
);
const GROUP: (&str, &str) = (
    "0002 0002 6774",
    "0003 0008 636f6e73756d6572 00000008 0005 72616e6765 0003 6d2d31 000001a214ece183 00000001 \
     0003 6d2d31 ffff 0001 63 000a 2f3132372e302e302e31 000493e0 0000afc8 00000003 010203 \
     00000002 0405",
);

fn record((key, value): (&str, &str)) -> StateRecord {
    StateRecord {
        key: bytes(key),
        value: Some(bytes(value)),
    }
}

#[test]
fn an_offset_is_written_as_kafka_does() {
    let read = Kept::read(record(OFFSET)).unwrap();
    let Kept::Offset(group, key, Some(committed)) = read else {
        panic!("{read:?}")
    };
    assert_eq!(
        (group.as_str(), &*key.topic, key.partition),
        ("gt", "to", 3)
    );
    assert_eq!((committed.offset, committed.leader_epoch), (943, 0));
    assert_eq!(committed.committed_at, 1_795_647_399_759);
    assert_eq!(committed.expires_at, None);
    assert!(!committed.topic_id.is_zero());
    let change = Change::Committed(key, committed);
    assert_eq!(change.record("gt").unwrap(), record(OFFSET));
}

#[test]
fn a_group_is_written_as_kafka_does() {
    let Kept::Group(group, Some(value)) = Kept::read(record(GROUP)).unwrap() else {
        panic!("no group")
    };
    assert_eq!((value.generation, value.members.len()), (8, 1));
    assert_eq!(value.members[0].client_host, "/127.0.0.1");
    assert_eq!(value.members[0].session_timeout, 45_000);
    assert_eq!(
        Change::Generation(value).record(&group).unwrap(),
        record(GROUP)
    );
}

#[test]
fn an_offset_with_an_end_has_the_version_that_knows_it() {
    let key = PartitionKey {
        topic: "t".into(),
        partition: 0,
    };
    let committed = CommittedOffset {
        offset: 5,
        committed_at: 10,
        expires_at: Some(20),
        ..CommittedOffset::default()
    };
    let written = Change::Committed(key.clone(), committed.clone());
    let written = written.record("g").unwrap();
    assert_eq!(record_version(written.value.as_ref().unwrap()), Ok(1));
    let read = Kept::read(written).unwrap();
    assert_eq!(read, Kept::Offset("g".to_owned(), key, Some(committed)));
}

#[test]
fn other_records_are_not_taken_for_ours() {
    let foreign = StateRecord {
        key: bytes("0003 0001 67"),
        value: Some(bytes("0000")),
    };
    assert_eq!(Kept::read(foreign), Ok(Kept::Other(3)));
    let torn = StateRecord {
        key: bytes("0001 0005 67"),
        value: None,
    };
    assert!(Kept::read(torn).is_err());
}
