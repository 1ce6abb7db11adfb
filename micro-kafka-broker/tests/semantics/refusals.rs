//! What the answer says of records that are refused.

use bytes::Bytes;
use kafka_protocol::messages::produce_response::PartitionProduceResponse;

use crate::batch::Batch;
use crate::kafka::Kafka;

const MESSAGE_TOO_LARGE: i16 = 10;
const RECORD_LIST_TOO_LARGE: i16 = 18;
const INVALID_TIMESTAMP: i16 = 32;
const INVALID_RECORD: i16 = 87;

/// Code, message, and the records' positions and messages.
type Told = (i16, Option<String>, Vec<(i32, Option<String>)>);

fn told(answer: &PartitionProduceResponse) -> Told {
    let text =
        |text: &Option<kafka_protocol::protocol::StrBytes>| text.as_ref().map(ToString::to_string);
    let records = answer.record_errors.iter().map(|error| {
        let message = text(&error.batch_index_error_message);
        (error.batch_index, message)
    });
    (
        answer.error_code,
        text(&answer.error_message),
        records.collect(),
    )
}

#[tokio::test]
async fn records_without_a_key_are_named() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("c", 1, &[("cleanup.policy", "compact")]).await;
    let mut batch = Batch::of(5, 10);
    batch.values[2].0 = Some("key");
    let message =
        format!("Compacted topic cannot accept message without key in topic partition {topic}-0");
    let records: Vec<_> = [0, 1, 3, 4].map(|i| (i, Some(message.clone()))).to_vec();
    let first = [0, 1, 3].map(|i| format!("RecordError(batchIndex={i}, message='{message}')"));
    let summary = format!(
        "One or more records have been rejected due to 4 record errors in total, and only showing \
         the first three errors at most: [{}]",
        first.join(", ")
    );
    for bytes in [batch.bytes(), batch.gzipped()] {
        let answer = kafka.produce(&topic, bytes).await;
        let expected = (INVALID_RECORD, Some(summary.clone()), records.clone());
        assert_eq!(told(&answer), expected);
        assert_eq!((answer.base_offset, answer.log_start_offset), (-1, 0));
    }
}

#[tokio::test]
async fn records_out_of_time_are_named() {
    let mut kafka = Kafka::start().await;
    let limits = [
        ("message.timestamp.before.max.ms", "3600000"),
        ("message.timestamp.after.max.ms", "3600000"),
    ];
    let topic = kafka.topic("t", 1, &limits).await;
    let now = Batch::of(1, 1).values[0].2;
    let mut batch = Batch::of(4, 10);
    let times = [now, now - 7_200_000, now + 7_200_000, -1];
    for (value, at) in batch.values.iter_mut().zip(times) {
        value.2 = at;
    }
    for bytes in [batch.bytes(), batch.gzipped()] {
        let answer = kafka.produce(&topic, bytes).await;
        let (code, message, records) = told(&answer);
        let summary = "One or more records have been rejected due to invalid timestamp";
        assert_eq!(
            (code, message.as_deref()),
            (INVALID_TIMESTAMP, Some(summary))
        );
        let indexes: Vec<_> = records.iter().map(|(index, _)| *index).collect();
        assert_eq!(indexes, [1, 2]);
        let begin = format!(
            "Timestamp {} of message with offset 1 is out of range. The timestamp should be within [",
            now - 7_200_000
        );
        let message = records[0].1.as_ref().unwrap();
        assert!(message.starts_with(&begin), "{message}");
    }
    batch.values.truncate(1);
    kafka.append(&topic, &batch).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_batch_is_told_by_its_code_alone() {
    let mut kafka = Kafka::start().await;
    let small = [
        ("max.message.bytes", "2000000"),
        ("segment.bytes", "1048576"),
    ];
    let topic = kafka.topic("t", 1, &small).await;
    let mut shifted = Batch::of(1, 10).bytes().to_vec();
    shifted[7] = 1;
    let huge = Batch::of(1, 2_000_000).bytes();
    let beyond_segment = Batch::of(1, 1_100_000).bytes();
    let control = Batch {
        attributes: 0x20,
        ..Batch::of(1, 10)
    };
    let cases: [(&str, Bytes, i16, i64); 4] = [
        ("base offset", shifted.into(), INVALID_RECORD, 0),
        ("control", control.bytes(), INVALID_RECORD, 0),
        ("larger than allowed", huge, MESSAGE_TOO_LARGE, -1),
        (
            "larger than a segment",
            beyond_segment,
            RECORD_LIST_TOO_LARGE,
            -1,
        ),
    ];
    for (what, records, code, start) in cases {
        let answer = kafka.produce(&topic, records).await;
        assert_eq!(told(&answer), (code, None, Vec::new()), "{what}");
        assert_eq!(answer.log_start_offset, start, "{what}");
    }
}

#[tokio::test]
async fn the_broker_stamps_packed_records_too() {
    let mut kafka = Kafka::start().await;
    let stamped = [("message.timestamp.type", "LogAppendTime")];
    let topic = kafka.topic("t", 1, &stamped).await;
    let mut batch = Batch::of(3, 10);
    batch.values[0].2 = 5;
    let answer = kafka.produce(&topic, batch.gzipped()).await;
    assert_eq!(answer.error_code, 0);
    assert!(answer.log_append_time_ms > 1_600_000_000_000);
    let records = kafka.fetch(&topic, 0, |f| f, |p| p).await.records.unwrap();
    let max = i64::from_be_bytes(records[35..43].try_into().unwrap());
    assert_eq!((max, records[22]), (answer.log_append_time_ms, 0x09));
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &records[21..]);
    let stored = u32::from_be_bytes(records[17..21].try_into().unwrap());
    assert_eq!(u64::from(stored), crc);
    // Only the broker says so.
    batch.attributes = 8;
    let refused = kafka.produce(&topic, batch.bytes()).await;
    let (code, _, records) = told(&refused);
    assert_eq!((code, records.len()), (INVALID_TIMESTAMP, 3));
    let now = batch.values[1].2;
    let expected = format!(
        "Invalid timestamp type in message DefaultRecord(offset=0, timestamp={now}, key=0 bytes, \
         value=10 bytes). Producer should not set timestamp type to LogAppendTime."
    );
    assert_eq!(records[0].1, Some(expected));
}
