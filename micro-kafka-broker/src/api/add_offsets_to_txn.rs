//! AddOffsetsToTxn (key 25): makes a group's offsets part of a transaction.
//!
//! Versions 0–4. 2 tells a fenced producer from an old epoch, 3 is flexible.

use std::collections::BTreeSet;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::Unavailable;
use crate::coord::group::{OFFSETS_TOPIC, PartitionKey};
use crate::coord::transaction::{Producer, Protocol};

api! {
    key 25, versions 0..=4, flexible 3;

    request AddOffsetsToTxnRequest {
        transactional_id: String,
        producer_id: i64,
        producer_epoch: i16,
        group_id: String,
    }

    response AddOffsetsToTxnResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode,
    }
}

/// From this version on a client knows that it was fenced.
const FENCED_FROM: i16 = 2;

impl Handler for AddOffsetsToTxnRequest {
    async fn handle(self, context: &RequestContext) -> Answer<AddOffsetsToTxnResponse> {
        let partition = PartitionKey {
            topic: OFFSETS_TOPIC.into(),
            partition: context.broker.groups().partition_of(&self.group_id),
        };
        let producer = Producer {
            id: self.producer_id,
            epoch: self.producer_epoch,
        };
        let transactions = context.transactions();
        let added = match context.broker.groups().ensure_topic() {
            Ok(()) => transactions.add(
                &self.transactional_id,
                producer,
                Protocol::Classic,
                BTreeSet::from([partition]),
            ),
            Err(_) => Err(Unavailable::NotWritten.into()),
        };
        AddOffsetsToTxnResponse {
            error_code: ErrorCode::of(added).known_from(FENCED_FROM, context.version),
            ..AddOffsetsToTxnResponse::default()
        }
        .into()
    }
}
