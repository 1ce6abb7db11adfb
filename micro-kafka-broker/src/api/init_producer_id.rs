//! InitProducerId (key 22): gives a producer its id and epoch.
//!
//! Versions 0–5. 2 is flexible, 3 renews an epoch, 4 tells a fenced producer from an old epoch, 5
//! adds error codes. Version 6 (two-phase commit) is unstable in Apache Kafka 4.x and not served.

use std::time::Duration;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::transaction::{Init, Producer};

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

/// From this version on a client knows that it was fenced.
const FENCED_FROM: i16 = 4;

impl Handler for InitProducerIdRequest {
    /// A producer without a transactional id gets a new id each time: nothing ties it to an old
    /// one.
    async fn handle(self, context: &RequestContext) -> Answer<InitProducerIdResponse> {
        match self.producer(context) {
            Ok(producer) => InitProducerIdResponse {
                producer_id: producer.id,
                producer_epoch: producer.epoch,
                ..InitProducerIdResponse::default()
            },
            Err(error_code) => InitProducerIdResponse {
                error_code,
                producer_epoch: -1,
                ..InitProducerIdResponse::default()
            },
        }
        .into()
    }
}

impl InitProducerIdRequest {
    fn producer(&self, context: &RequestContext) -> Result<Producer, ErrorCode> {
        let expected = match (self.producer_id, self.producer_epoch) {
            (-1, -1) => None,
            (-1, _) | (_, -1) => return Err(ErrorCode::INVALID_REQUEST),
            (id, epoch) => Some(Producer { id, epoch }),
        };
        let Some(transactional_id) = &self.transactional_id else {
            // The ids taken are not all known before.
            context.transactions().check_loaded(None)?;
            let id = context.broker.producer_ids().next();
            return Ok(Producer { id, epoch: 0 });
        };
        let millis = u64::try_from(self.transaction_timeout_ms).unwrap_or(0);
        let timeout = Duration::from_millis(millis);
        let transactions = context.transactions();
        let taken = transactions.init(transactional_id, Init { timeout, expected });
        taken.map_err(|error| ErrorCode::from(error).known_from(FENCED_FROM, context.version))
    }
}
