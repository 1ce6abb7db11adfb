//! The table of APIs, and the way of a frame to its handler.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::connection::Peer;
use super::refusal::Refusal;
use super::reply::{Reply, Then};
use super::watched;
use crate::api::api_versions::{self, ApiVersionsRequest};
use crate::api::{Answer, Handler, RequestContext};
#[cfg(test)]
use crate::wire::Frame;
use crate::wire::{ErrorTally, HeaderStart, Message, Reader, Request, Structure, encode_response};

/// An API that this broker serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServedApi {
    /// Its key.
    pub(crate) key: i16,
    /// Its name.
    pub(crate) name: &'static str,
    /// The oldest version served.
    pub(crate) min: i16,
    /// The newest version served.
    pub(crate) max: i16,
}

/// Declares the served APIs: name and request type. Each type brings its key and versions.
macro_rules! serve {
    ($($name:ident => $module:ident::$request:ident,)*) => {
        /// Every API that this broker serves, by key.
        pub(crate) fn served_apis() -> &'static [ServedApi] {
            const APIS: &[ServedApi] = &[$(
                ServedApi {
                    key: <crate::api::$module::$request as Request>::KEY,
                    name: stringify!($name),
                    min: *<crate::api::$module::$request as Message>::VERSIONS.start(),
                    max: *<crate::api::$module::$request as Message>::VERSIONS.end(),
                },
            )*];
            APIS
        }

        async fn call(
            peer: &Peer,
            api: ServedApi,
            start: HeaderStart,
            reader: Reader,
        ) -> Result<Reply, Refusal> {
            match start.key {
                $(<crate::api::$module::$request as Request>::KEY => {
                    serve::<crate::api::$module::$request>(peer, api, start, reader).await
                })*
                key => Err(Refusal::UnknownApi { key, version: start.version }),
            }
        }

        /// A made-up request of an API; `None` for an unknown key.
        #[cfg(test)]
        pub(super) fn sample_request(
            start: HeaderStart,
            rng: &mut rand::rngs::StdRng,
        ) -> Option<Frame> {
            let header = crate::wire::RequestHeader { start, client_id: Some("test".to_owned()) };
            match start.key {
                $(<crate::api::$module::$request as Request>::KEY => {
                    type Asked = crate::api::$module::$request;
                    let shape = Asked::shape(start.version);
                    let request = <Asked as crate::wire::Sample>::sample(rng, shape);
                    header.request(&request).ok()
                })*
                _ => None,
            }
        }

        /// Reads an answer after its correlation id; says how many bytes are left over.
        #[cfg(test)]
        pub(super) fn read_answer(
            start: HeaderStart,
            mut reader: Reader,
        ) -> Result<usize, crate::wire::DecodeError> {
            match start.key {
                $(<crate::api::$module::$request as Request>::KEY => {
                    type Answered = <crate::api::$module::$request as Request>::Response;
                    let shape = Answered::shape(start.version);
                    if shape.flexible && start.key != ApiVersionsRequest::KEY {
                        reader.tagged_fields(|_, _| Ok(false))?;
                    }
                    <Answered as crate::wire::Wire>::decode(&mut reader, shape)?;
                })*
                _ => {}
            }
            Ok(reader.remaining())
        }
    };
}

serve! {
    Produce => produce::ProduceRequest,
    Fetch => fetch::FetchRequest,
    ListOffsets => list_offsets::ListOffsetsRequest,
    Metadata => metadata::MetadataRequest,
    OffsetCommit => offset_commit::OffsetCommitRequest,
    OffsetFetch => offset_fetch::OffsetFetchRequest,
    FindCoordinator => find_coordinator::FindCoordinatorRequest,
    JoinGroup => join_group::JoinGroupRequest,
    Heartbeat => heartbeat::HeartbeatRequest,
    LeaveGroup => leave_group::LeaveGroupRequest,
    SyncGroup => sync_group::SyncGroupRequest,
    DescribeGroups => describe_groups::DescribeGroupsRequest,
    ListGroups => list_groups::ListGroupsRequest,
    ApiVersions => api_versions::ApiVersionsRequest,
    CreateTopics => create_topics::CreateTopicsRequest,
    DeleteTopics => delete_topics::DeleteTopicsRequest,
    DeleteRecords => delete_records::DeleteRecordsRequest,
    InitProducerId => init_producer_id::InitProducerIdRequest,
    OffsetForLeaderEpoch => offset_for_leader_epoch::OffsetForLeaderEpochRequest,
    AddPartitionsToTxn => add_partitions_to_txn::AddPartitionsToTxnRequest,
    AddOffsetsToTxn => add_offsets_to_txn::AddOffsetsToTxnRequest,
    EndTxn => end_txn::EndTxnRequest,
    WriteTxnMarkers => write_txn_markers::WriteTxnMarkersRequest,
    TxnOffsetCommit => txn_offset_commit::TxnOffsetCommitRequest,
    DescribeAcls => describe_acls::DescribeAclsRequest,
    CreateAcls => create_acls::CreateAclsRequest,
    DeleteAcls => delete_acls::DeleteAclsRequest,
    DescribeConfigs => describe_configs::DescribeConfigsRequest,
    AlterConfigs => alter_configs::AlterConfigsRequest,
    AlterReplicaLogDirs => alter_replica_log_dirs::AlterReplicaLogDirsRequest,
    DescribeLogDirs => describe_log_dirs::DescribeLogDirsRequest,
    CreatePartitions => create_partitions::CreatePartitionsRequest,
    DeleteGroups => delete_groups::DeleteGroupsRequest,
    ElectLeaders => elect_leaders::ElectLeadersRequest,
    IncrementalAlterConfigs => incremental_alter_configs::IncrementalAlterConfigsRequest,
    AlterPartitionReassignments => alter_partition_reassignments::AlterPartitionReassignmentsRequest,
    ListPartitionReassignments => list_partition_reassignments::ListPartitionReassignmentsRequest,
    OffsetDelete => offset_delete::OffsetDeleteRequest,
    DescribeUserScramCredentials => describe_user_scram_credentials::DescribeUserScramCredentialsRequest,
    AlterUserScramCredentials => alter_user_scram_credentials::AlterUserScramCredentialsRequest,
    DescribeQuorum => describe_quorum::DescribeQuorumRequest,
    UpdateFeatures => update_features::UpdateFeaturesRequest,
    DescribeCluster => describe_cluster::DescribeClusterRequest,
    DescribeProducers => describe_producers::DescribeProducersRequest,
    DescribeTransactions => describe_transactions::DescribeTransactionsRequest,
    ListTransactions => list_transactions::ListTransactionsRequest,
    ListConfigResources => list_config_resources::ListConfigResourcesRequest,
    DescribeTopicPartitions => describe_topic_partitions::DescribeTopicPartitionsRequest,
}

/// Answers one frame.
///
/// # Errors
/// If the frame is no request that can be answered: the connection is to be closed.
pub(super) async fn dispatch(peer: &Peer, frame: Bytes) -> Result<Reply, Refusal> {
    let mut reader = Reader::new(frame);
    let start = HeaderStart::decode(&mut reader).map_err(Refusal::Header)?;
    let HeaderStart { key, version, .. } = start;
    let api = peer
        .broker
        .apis()
        .iter()
        .find(|api| api.key == key)
        .copied()
        .ok_or(Refusal::UnknownApi { key, version })?;
    if !(api.min..=api.max).contains(&version) {
        if key == ApiVersionsRequest::KEY {
            let refusal = api_versions::unsupported_version(&peer.broker);
            return answer(api, start, &refusal, 0);
        }
        return Err(Refusal::UnsupportedVersion {
            api: api.name,
            version,
            min: api.min,
            max: api.max,
        });
    }
    call(peer, api, start, reader).await
}

async fn serve<R: Handler>(
    peer: &Peer,
    api: ServedApi,
    start: HeaderStart,
    mut reader: Reader,
) -> Result<Reply, Refusal> {
    let version = start.version;
    let shape = R::shape(version);
    let header = start
        .complete(&mut reader, shape.flexible)
        .map_err(Refusal::Header)?;
    let request = R::decode(&mut reader, shape).map_err(|source| Refusal::Body {
        api: api.name,
        version,
        source,
    })?;
    drop(reader);
    tracing::trace!(client = %peer.address, api = api.name, version, "request");
    let context = RequestContext {
        broker: Arc::clone(&peer.broker),
        node: peer.node,
        listener: peer.listener,
        version,
        client_id: header.client_id,
        peer: peer.address,
    };
    if peer.broker.is_watched() {
        return Box::pin(watched::serve(peer, api, start, request, &context)).await;
    }
    handle(api, start, request, &context).await
}

/// Serves a request, and makes the bytes of the answer.
pub(super) async fn handle<R: Handler>(
    api: ServedApi,
    start: HeaderStart,
    request: R,
    context: &RequestContext,
) -> Result<Reply, Refusal> {
    encode(api, start, request.handle(context).await)
}

/// Makes the bytes of an answer.
pub(super) fn encode<M: Message + Structure>(
    api: ServedApi,
    start: HeaderStart,
    outcome: Answer<M>,
) -> Result<Reply, Refusal> {
    match outcome {
        Answer::Reply(response) => answer(api, start, &response, start.version),
        Answer::Silence => Ok(Reply {
            frame: None,
            codes: ErrorTally::default(),
            then: Then::GoOn,
        }),
        Answer::Close(reason) => Err(Refusal::Closed {
            api: api.name,
            reason,
        }),
    }
}

fn answer<M: Message + Structure>(
    api: ServedApi,
    start: HeaderStart,
    response: &M,
    version: i16,
) -> Result<Reply, Refusal> {
    let encoded = encode_response(start, response, version);
    let (frame, codes) = encoded.map_err(|source| Refusal::Answer {
        api: api.name,
        source,
    })?;
    let then = match u64::try_from(response.throttle_time_ms()) {
        Ok(0) | Err(_) => Then::GoOn,
        Ok(millis) => Then::Mute(Duration::from_millis(millis)),
    };
    Ok(Reply {
        frame: Some(frame),
        codes,
        then,
    })
}
