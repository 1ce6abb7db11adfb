//! WriteTxnMarkers (key 27): ends transactions in partitions.
//!
//! Versions 1–2. 1 is flexible, 2 names the protocol of the transaction. Coordinators send it to
//! other brokers, administrators to end a transaction whose coordinator has forgotten it.

use std::sync::Arc;

use crate::api::transaction::keys;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::batch::{Marker, Verdict};

api! {
    key 27, versions 1..=2, flexible 1;

    request WriteTxnMarkersRequest {
        markers: Vec<WritableTxnMarker>,
    }

    response WriteTxnMarkersResponse {
        markers: Vec<WritableTxnMarkerResult>,
    }

    struct WritableTxnMarker {
        producer_id: i64,
        producer_epoch: i16,
        transaction_result: bool,
        topics: Vec<WritableTxnMarkerTopic>,
        coordinator_epoch: i32,
        transaction_version: i8 [2..],
    }

    struct WritableTxnMarkerTopic {
        name: String,
        partition_indexes: Vec<i32>,
    }

    struct WritableTxnMarkerResult {
        producer_id: i64,
        topics: Vec<WritableTxnMarkerTopicResult>,
    }

    struct WritableTxnMarkerTopicResult {
        name: String,
        partitions: Vec<WritableTxnMarkerPartitionResult>,
    }

    struct WritableTxnMarkerPartitionResult {
        partition_index: i32,
        error_code: ErrorCode,
    }
}

impl Handler for WriteTxnMarkersRequest {
    async fn handle(self, context: &RequestContext) -> Answer<WriteTxnMarkersResponse> {
        let markers = self.markers.into_iter();
        WriteTxnMarkersResponse {
            markers: markers.map(|asked| write(context, asked)).collect(),
        }
        .into()
    }
}

fn write(context: &RequestContext, asked: WritableTxnMarker) -> WritableTxnMarkerResult {
    let marker = Marker {
        producer_id: asked.producer_id,
        producer_epoch: asked.producer_epoch,
        verdict: match asked.transaction_result {
            true => Verdict::Commit,
            false => Verdict::Abort,
        },
        coordinator_epoch: asked.coordinator_epoch,
    };
    let markers = context.broker.transactions().markers();
    let topics = asked.topics.into_iter().map(|topic| {
        let name: Arc<str> = topic.name.as_str().into();
        let written =
            keys(&name, &topic.partition_indexes).map(|key| WritableTxnMarkerPartitionResult {
                partition_index: key.partition,
                error_code: ErrorCode::of(markers.write(&marker, &key)),
            });
        WritableTxnMarkerTopicResult {
            partitions: written.collect(),
            name: topic.name,
        }
    });
    WritableTxnMarkerResult {
        producer_id: asked.producer_id,
        topics: topics.collect(),
    }
}
