//! Every message in every version, against the `kafka-protocol` crate.

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{self as theirs_protocol, Decodable, Encodable};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::wire::{Message, Reader, Sample, Writer};

fn encode<M: Message>(message: &M, version: i16) -> Bytes {
    let mut writer = Writer::frame();
    message.encode(&mut writer, M::shape(version));
    let mut frame = writer.finish().unwrap();
    frame.advance(4);
    frame.copy_to_bytes(frame.remaining())
}

fn decode<M: Message>(bytes: Bytes, version: i16) -> M {
    let mut reader = Reader::new(bytes);
    let message = M::decode(&mut reader, M::shape(version)).unwrap();
    assert_eq!(reader.remaining(), 0, "bytes left over");
    message
}

/// Ours written, theirs read, theirs written: the same bytes; theirs written, ours read: the
/// same message. Where the oracle lacks a version, the round trip alone.
fn agrees<M, T>(seed: u64)
where
    M: Message + Sample + PartialEq + std::fmt::Debug,
    T: Decodable + Encodable + theirs_protocol::Message,
{
    for version in M::VERSIONS {
        let message = sample::<M>(seed, version);
        let ours = encode(&message, version);
        assert_eq!(
            message,
            decode::<M>(ours.clone(), version),
            "version {version}"
        );
        if !(T::VERSIONS.min..=T::VERSIONS.max).contains(&version) {
            assert_eq!(
                version,
                *M::VERSIONS.end(),
                "the oracle lacks only the newest"
            );
            continue;
        }
        let mut left = ours.clone();
        let read = T::decode(&mut left, version).unwrap();
        assert!(left.is_empty(), "version {version}: they leave bytes over");
        let mut theirs = BytesMut::new();
        read.encode(&mut theirs, version).unwrap();
        assert_eq!(ours, theirs, "version {version}");
    }
}

fn sample<M: Message + Sample>(seed: u64, version: i16) -> M {
    M::sample(&mut StdRng::seed_from_u64(seed), M::shape(version))
}

macro_rules! oracle {
    ($($module:ident: $($message:ident),+;)*) => {$(
        mod $module {
            use super::*;
            proptest! {
                #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
                #[test]
                fn agrees_with_the_oracle_in_every_version(seed: u64) {
                    $( agrees::<crate::api::$module::$message, theirs::$message>(seed); )+
                }
            }
        }
    )*};
}

oracle! {
    add_offsets_to_txn: AddOffsetsToTxnRequest, AddOffsetsToTxnResponse;
    add_partitions_to_txn: AddPartitionsToTxnRequest, AddPartitionsToTxnResponse;
    alter_user_scram_credentials: AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse;
    alter_configs: AlterConfigsRequest, AlterConfigsResponse;
    alter_partition_reassignments: AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse;
    alter_replica_log_dirs: AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse;
    api_versions: ApiVersionsRequest, ApiVersionsResponse;
    create_acls: CreateAclsRequest, CreateAclsResponse;
    create_partitions: CreatePartitionsRequest, CreatePartitionsResponse;
    create_topics: CreateTopicsRequest, CreateTopicsResponse;
    delete_groups: DeleteGroupsRequest, DeleteGroupsResponse;
    delete_acls: DeleteAclsRequest, DeleteAclsResponse;
    delete_records: DeleteRecordsRequest, DeleteRecordsResponse;
    delete_topics: DeleteTopicsRequest, DeleteTopicsResponse;
    describe_acls: DescribeAclsRequest, DescribeAclsResponse;
    describe_cluster: DescribeClusterRequest, DescribeClusterResponse;
    describe_configs: DescribeConfigsRequest, DescribeConfigsResponse;
    describe_groups: DescribeGroupsRequest, DescribeGroupsResponse;
    describe_log_dirs: DescribeLogDirsRequest, DescribeLogDirsResponse;
    describe_producers: DescribeProducersRequest, DescribeProducersResponse;
    describe_quorum: DescribeQuorumRequest, DescribeQuorumResponse;
    describe_topic_partitions: DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse;
    describe_transactions: DescribeTransactionsRequest, DescribeTransactionsResponse;
    describe_user_scram_credentials: DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse;
    elect_leaders: ElectLeadersRequest, ElectLeadersResponse;
    end_txn: EndTxnRequest, EndTxnResponse;
    fetch: FetchRequest, FetchResponse;
    find_coordinator: FindCoordinatorRequest, FindCoordinatorResponse;
    heartbeat: HeartbeatRequest, HeartbeatResponse;
    incremental_alter_configs: IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse;
    init_producer_id: InitProducerIdRequest, InitProducerIdResponse;
    join_group: JoinGroupRequest, JoinGroupResponse;
    leave_group: LeaveGroupRequest, LeaveGroupResponse;
    list_config_resources: ListConfigResourcesRequest, ListConfigResourcesResponse;
    list_groups: ListGroupsRequest, ListGroupsResponse;
    list_offsets: ListOffsetsRequest, ListOffsetsResponse;
    list_partition_reassignments: ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse;
    list_transactions: ListTransactionsRequest, ListTransactionsResponse;
    metadata: MetadataRequest, MetadataResponse;
    offset_commit: OffsetCommitRequest, OffsetCommitResponse;
    offset_delete: OffsetDeleteRequest, OffsetDeleteResponse;
    offset_fetch: OffsetFetchRequest, OffsetFetchResponse;
    offset_for_leader_epoch: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse;
    produce: ProduceRequest, ProduceResponse;
    sync_group: SyncGroupRequest, SyncGroupResponse;
    txn_offset_commit: TxnOffsetCommitRequest, TxnOffsetCommitResponse;
    update_features: UpdateFeaturesRequest, UpdateFeaturesResponse;
    write_txn_markers: WriteTxnMarkersRequest, WriteTxnMarkersResponse;
}

#[test]
fn unknown_tagged_fields_are_skipped() {
    let request = theirs::MetadataRequest::default()
        .with_topics(Some(vec![
            theirs::metadata_request::MetadataRequestTopic::default()
                .with_name(Some(theirs::TopicName("orders".to_owned().into())))
                .with_unknown_tagged_field(99, Bytes::from_static(b"newer")),
        ]))
        .with_unknown_tagged_field(7, Bytes::from(vec![1; 300]));
    let mut bytes = BytesMut::new();
    request.encode(&mut bytes, 12).unwrap();
    let read: crate::api::metadata::MetadataRequest = decode(bytes.freeze(), 12);
    let topics = read.topics.unwrap();
    assert_eq!(topics.len(), 1);
    assert_eq!(topics[0].name.as_deref(), Some("orders"));
}
