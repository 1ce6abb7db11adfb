//! DescribeTransactions (key 65): the state of transactional ids.
//!
//! Version 0, which is flexible.

use crate::api::transaction::by_topic;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::transaction::TransactionDescription;

api! {
    key 65, versions 0..=0, flexible 0;

    request DescribeTransactionsRequest {
        transactional_ids: Vec<String>,
    }

    response DescribeTransactionsResponse {
        throttle_time_ms: i32,
        transaction_states: Vec<TransactionState>,
    }

    struct TransactionState {
        error_code: ErrorCode,
        transactional_id: String,
        transaction_state: String,
        transaction_timeout_ms: i32,
        transaction_start_time_ms: i64,
        producer_id: i64,
        producer_epoch: i16,
        topics: Vec<TopicData>,
    }

    struct TopicData {
        topic: String,
        partitions: Vec<i32>,
    }
}

impl Handler for DescribeTransactionsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DescribeTransactionsResponse> {
        let transactions = context.transactions();
        let states = self.transactional_ids.into_iter().map(|id| {
            let described = transactions.check_loaded(Some(&id));
            match described.map(|()| transactions.describe(&id)) {
                Ok(described) => state(id, described),
                Err(loading) => TransactionState {
                    error_code: loading.into(),
                    transactional_id: id,
                    ..TransactionState::default()
                },
            }
        });
        DescribeTransactionsResponse {
            transaction_states: states.collect(),
            ..DescribeTransactionsResponse::default()
        }
        .into()
    }
}

fn state(transactional_id: String, described: Option<TransactionDescription>) -> TransactionState {
    if transactional_id.is_empty() {
        return TransactionState {
            error_code: ErrorCode::INVALID_REQUEST,
            ..TransactionState::default()
        };
    }
    let Some(described) = described else {
        return TransactionState {
            error_code: ErrorCode::TRANSACTIONAL_ID_NOT_FOUND,
            transactional_id,
            ..TransactionState::default()
        };
    };
    let topics = by_topic(&described.partitions).into_iter();
    TransactionState {
        transactional_id,
        transaction_state: described.state.name().to_owned(),
        transaction_timeout_ms: i32::try_from(described.timeout.as_millis()).unwrap_or(i32::MAX),
        transaction_start_time_ms: described.started,
        producer_id: described.producer.id,
        producer_epoch: described.producer.epoch,
        topics: topics
            .map(|(topic, partitions)| TopicData { topic, partitions })
            .collect(),
        ..TransactionState::default()
    }
}
