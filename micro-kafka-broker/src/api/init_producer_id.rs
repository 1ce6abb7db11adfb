//! InitProducerId (key 22): gives a producer its id and epoch.
//!
//! Versions 0–5. 2 is flexible, 3 renews an epoch, 4 and 5 add error codes. Version 6 (two-phase
//! commit) is unstable in Apache Kafka 4.x and not served.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};

api! {
    key 22, versions 0..=5, flexible 2;

    request InitProducerIdRequest {
        transactional_id: Option<String>,
        transaction_timeout_ms: i32,
        producer_id: i64 [3..] = -1,
        producer_epoch: i16 [3..] = -1,
    }

    response InitProducerIdResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode,
        producer_id: i64 = -1,
        producer_epoch: i16,
    }
}

impl Handler for InitProducerIdRequest {
    /// A producer without a transactional id gets a new id each time: nothing ties it to an old
    /// one. Transactional ids are refused, for there are no transactions yet.
    async fn handle(self, context: &RequestContext) -> Answer<InitProducerIdResponse> {
        if let Some(transactional_id) = &self.transactional_id {
            tracing::warn!(
                transactional_id, client = %context.peer,
                "a transactional producer was refused: this broker has no transactions"
            );
            return InitProducerIdResponse {
                error_code: ErrorCode::INVALID_REQUEST,
                producer_epoch: -1,
                ..InitProducerIdResponse::default()
            }
            .into();
        }
        InitProducerIdResponse {
            producer_id: context.broker.producer_ids().next(),
            producer_epoch: 0,
            ..InitProducerIdResponse::default()
        }
        .into()
    }
}
