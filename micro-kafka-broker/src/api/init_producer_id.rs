//! InitProducerId (key 22): gives a producer its id and epoch.
//!
//! Versions 0–5. 2 is flexible, 3 renews an epoch, 4 and 5 add error codes. Version 6 (two-phase
//! commit) is unstable in Apache Kafka 4.x and not served.

use crate::api::ErrorCode;

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
