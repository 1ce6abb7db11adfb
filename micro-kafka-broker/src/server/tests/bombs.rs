//! Batches that are small on the wire and large when they are unpacked.

use std::io::Write;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use super::confined::confined;
use super::peer;
use crate::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use crate::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::batch::{BatchBuilder, HEADER_LEN};
use crate::meta::NewTopic;
use crate::server::connection::Peer;

const MIB: usize = 1 << 20;
/// What every bomb unpacks to: with the broker's own limit, far above what the process may take.
const UNPACKED: usize = 1024 * MIB;

/// A batch of one record that unpacks to `body`, as its attributes say.
fn batch(codec: u8, body: &[u8]) -> Bytes {
    let plain = BatchBuilder::new().record(Some(b"k"), None, 0).build();
    let mut batch = BytesMut::from(&plain[..HEADER_LEN]);
    batch[22] = codec;
    batch.put_slice(body);
    let length = i32::try_from(batch.len() - 12).unwrap();
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    seal(&mut batch);
    batch.freeze()
}

fn seal(batch: &mut [u8]) {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &batch[21..]);
    batch[17..21].copy_from_slice(&u32::try_from(crc).unwrap().to_be_bytes());
}

fn fill(mut writer: impl Write) {
    let zeros = vec![0; MIB];
    for _ in 0..UNPACKED / MIB {
        writer.write_all(&zeros).unwrap();
    }
}

fn gzip() -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    fill(&mut writer);
    writer.finish().unwrap()
}

/// snappy-java's framing; blocks share one packed form.
fn snappy() -> Vec<u8> {
    let block = snap::raw::Encoder::new()
        .compress_vec(&vec![0; MIB])
        .unwrap();
    let mut framed = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for _ in 0..UNPACKED / MIB {
        framed.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
        framed.extend(&block);
    }
    framed
}

fn lz4() -> Vec<u8> {
    let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
    fill(&mut writer);
    writer.finish().unwrap()
}

fn zstd() -> Vec<u8> {
    let mut writer = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    // The largest window that a decoder accepts by itself.
    writer.window_log(27).unwrap();
    fill(&mut writer);
    writer.finish().unwrap()
}

/// Name, codec and packed bytes of every bomb.
fn bombs() -> Vec<(&'static str, u8, Vec<u8>)> {
    vec![
        ("gzip", 1, gzip()),
        ("snappy", 2, snappy()),
        (
            "a raw snappy block that claims 4 GiB",
            2,
            b"\xff\xff\xff\xff\x0f\0".to_vec(),
        ),
        ("lz4", 3, lz4()),
        ("zstd", 4, zstd()),
    ]
}

fn context(peer: &Peer, version: i16) -> RequestContext {
    RequestContext {
        broker: Arc::clone(&peer.broker),
        node: peer.node,
        listener: 0,
        version,
        client_id: None,
        peer: peer.address,
    }
}

fn create(peer: &Peer, name: &str, policy: &str) {
    let configs = [
        ("cleanup.policy", policy),
        ("max.message.bytes", "100000000"),
    ];
    let topic = NewTopic {
        name: name.to_owned(),
        partitions: 1,
        replication_factor: 1,
        configs: configs
            .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
            .into(),
        ..NewTopic::default()
    };
    peer.broker.catalog().create_topic(&topic, false).unwrap();
}

async fn produce(peer: &Peer, topic: &str, records: Bytes) -> ErrorCode {
    let data = PartitionProduceData {
        index: 0,
        records: Some(records),
    };
    let request = ProduceRequest {
        acks: 1,
        topic_data: vec![TopicProduceData {
            name: topic.to_owned(),
            partition_data: vec![data],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    };
    let Answer::Reply(answer) = request.handle(&context(peer, 9)).await else {
        panic!("no reply")
    };
    answer.responses[0].partition_responses[0].error_code
}

/// Asks for the first record after a time, for which batches are unpacked.
async fn offset_at(peer: &Peer, topic: &str, timestamp: i64) -> (ErrorCode, i64) {
    let partition = ListOffsetsPartition {
        timestamp,
        ..ListOffsetsPartition::default()
    };
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: topic.to_owned(),
            partitions: vec![partition],
        }],
        ..ListOffsetsRequest::default()
    };
    let Answer::Reply(answer) = request.handle(&context(peer, 7)).await else {
        panic!("no reply")
    };
    let partition = &answer.topics[0].partitions[0];
    (partition.error_code, partition.offset)
}

/// One record of 32 million headers in 64 MiB: each would take 64 bytes of memory.
#[test]
fn headers_without_number_are_not_unfolded() {
    confined("bombs::headers_without_number_are_not_unfolded", || async {
        let peer = peer();
        create(&peer, "compacted", "compact");
        create(&peer, "plain", "delete");
        let count: u32 = 32 << 20;
        // Attributes, timestamp, offset, a key of one byte, no value.
        let mut record = vec![0, 0, 0, 2, b'k', 1];
        put_varint(&mut record, count);
        // An empty name and no value.
        record.extend([0, 1].repeat(usize::try_from(count).unwrap()));
        let mut records = Vec::new();
        put_varint(&mut records, u32::try_from(record.len()).unwrap());
        records.extend(record);
        let bomb = batch(4, &zstd::bulk::compress(&records, 1).unwrap());
        for topic in ["compacted", "plain"] {
            assert_eq!(produce(&peer, topic, bomb.clone()).await, ErrorCode::NONE);
            let found = offset_at(&peer, topic, 0).await;
            assert_eq!(found, (ErrorCode::NONE, 0), "{topic}");
        }
    });
}

/// A positive number in zigzag form.
fn put_varint(out: &mut Vec<u8>, value: u32) {
    let mut value = u64::from(value) << 1;
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
}

/// Ten million records without a key in 70 MB: each one is at fault.
#[test]
fn faults_without_number_are_not_all_named() {
    confined("bombs::faults_without_number_are_not_all_named", || async {
        let peer = peer();
        create(&peer, "compacted", "compact");
        let count: i32 = 10_000_000;
        // Length, attributes, timestamp, offset, no key, no value, no headers.
        let records = [12, 0, 0, 0, 1, 1, 0].repeat(usize::try_from(count).unwrap());
        let packed = zstd::bulk::compress(&records, 1).unwrap();
        let mut bomb = BytesMut::from(&batch(4, &packed)[..]);
        bomb[23..27].copy_from_slice(&(count - 1).to_be_bytes());
        bomb[57..61].copy_from_slice(&count.to_be_bytes());
        seal(&mut bomb);
        let refused = produce(&peer, "compacted", bomb.freeze()).await;
        assert_eq!(refused, ErrorCode::INVALID_RECORD);
    });
}

#[test]
fn bombs_of_every_codec_are_refused_or_kept_packed() {
    let name = "bombs::bombs_of_every_codec_are_refused_or_kept_packed";
    confined(name, || async {
        let peer = peer();
        create(&peer, "compacted", "compact");
        for (nth, (what, codec, packed)) in (0..).zip(bombs()) {
            let bomb = batch(codec, &packed);
            assert!(bomb.len() < 64 * MIB, "{what}: {} bytes", bomb.len());
            let refused = produce(&peer, "compacted", bomb.clone()).await;
            assert_eq!(refused, ErrorCode::CORRUPT_MESSAGE, "{what}");
            // Where nothing must be unpacked, it is kept as it came.
            let plain = format!("plain-{nth}");
            create(&peer, &plain, "delete");
            assert_eq!(
                produce(&peer, &plain, bomb).await,
                ErrorCode::NONE,
                "{what}"
            );
            for timestamp in [0, -3] {
                let (error, offset) = offset_at(&peer, &plain, timestamp).await;
                assert_eq!((error, offset), (ErrorCode::NONE, -1), "{what}");
            }
        }
    });
}
