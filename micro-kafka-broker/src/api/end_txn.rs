//! EndTxn (key 26): commits or aborts a transaction.
//!
//! Versions 0–5. 2 tells a fenced producer from an old epoch, 3 is flexible, 5 gives every
//! transaction an epoch of its own (KIP-890) and answers with the next.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::batch::Verdict;
use crate::coord::transaction::{Producer, Protocol};

api! {
    key 26, versions 0..=5, flexible 3;

    request EndTxnRequest {
        transactional_id: String,
        producer_id: i64,
        producer_epoch: i16,
        committed: bool,
    }

    response EndTxnResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode,
        producer_id: i64 [5..] = -1,
        producer_epoch: i16 [5..] = -1,
    }
}

/// From this version on a client knows that it was fenced.
const FENCED_FROM: i16 = 2;
/// From this version on every transaction has an epoch of its own.
const EPOCH_PER_TRANSACTION_FROM: i16 = 5;

impl Handler for EndTxnRequest {
    async fn handle(self, context: &RequestContext) -> Answer<EndTxnResponse> {
        let producer = Producer {
            id: self.producer_id,
            epoch: self.producer_epoch,
        };
        let protocol = match context.version {
            EPOCH_PER_TRANSACTION_FROM.. => Protocol::EpochPerTransaction,
            _ => Protocol::Classic,
        };
        let verdict = match self.committed {
            true => Verdict::Commit,
            false => Verdict::Abort,
        };
        let transactions = context.transactions();
        match transactions.end(&self.transactional_id, producer, protocol, verdict) {
            Ok(next) => EndTxnResponse {
                producer_id: next.id,
                producer_epoch: next.epoch,
                ..EndTxnResponse::default()
            },
            Err(error) => EndTxnResponse {
                error_code: ErrorCode::from(error).known_from(FENCED_FROM, context.version),
                ..EndTxnResponse::default()
            },
        }
        .into()
    }
}
