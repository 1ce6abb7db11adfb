//! AddPartitionsToTxn (key 24): makes partitions part of a transaction.
//!
//! Versions 0–5. 2 tells a fenced producer from an old epoch, 3 is flexible, 4 asks for several
//! transactions, or only whether partitions are part of them; it is meant for brokers.

use std::collections::BTreeSet;

use crate::api::transaction::keys;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::group::PartitionKey;
use crate::coord::transaction::{Producer, Protocol};
use crate::meta::Image;

api! {
    key 24, versions 0..=5, flexible 3;

    request AddPartitionsToTxnRequest {
        transactions: Vec<AddPartitionsToTxnTransaction> [4..],
        transactional_id: String [..=3],
        producer_id: i64 [..=3],
        producer_epoch: i16 [..=3],
        topics: Vec<AddPartitionsToTxnTopic> [..=3],
    }

    response AddPartitionsToTxnResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode [4..],
        results_by_transaction: Vec<AddPartitionsToTxnResult> [4..],
        results_by_topic: Vec<AddPartitionsToTxnTopicResult> [..=3],
    }

    struct AddPartitionsToTxnTransaction {
        transactional_id: String,
        producer_id: i64,
        producer_epoch: i16,
        verify_only: bool,
        topics: Vec<AddPartitionsToTxnTopic>,
    }

    struct AddPartitionsToTxnTopic {
        name: String,
        partitions: Vec<i32>,
    }

    struct AddPartitionsToTxnResult {
        transactional_id: String,
        topic_results: Vec<AddPartitionsToTxnTopicResult>,
    }

    struct AddPartitionsToTxnTopicResult {
        name: String,
        results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
    }

    struct AddPartitionsToTxnPartitionResult {
        partition_index: i32,
        partition_error_code: ErrorCode,
    }
}

/// From this version on one request asks for several transactions.
const SEVERAL_FROM: i16 = 4;
/// From this version on a client knows that it was fenced.
const FENCED_FROM: i16 = 2;

impl Handler for AddPartitionsToTxnRequest {
    async fn handle(self, context: &RequestContext) -> Answer<AddPartitionsToTxnResponse> {
        let image = context.broker.catalog().image();
        if context.version >= SEVERAL_FROM {
            let transactions = self.transactions.into_iter();
            let results = transactions.map(|transaction| AddPartitionsToTxnResult {
                topic_results: answer(context, &image, &transaction),
                transactional_id: transaction.transactional_id,
            });
            return AddPartitionsToTxnResponse {
                results_by_transaction: results.collect(),
                ..AddPartitionsToTxnResponse::default()
            }
            .into();
        }
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: self.transactional_id,
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            verify_only: false,
            topics: self.topics,
        };
        AddPartitionsToTxnResponse {
            results_by_topic: answer(context, &image, &transaction),
            ..AddPartitionsToTxnResponse::default()
        }
        .into()
    }
}

fn answer(
    context: &RequestContext,
    image: &Image,
    transaction: &AddPartitionsToTxnTransaction,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let all_exist = asked(transaction).all(|key| exists(image, &key));
    let added = all_exist.then(|| add(context, transaction));
    let topics = transaction.topics.iter().map(|topic| {
        let name = topic.name.as_str().into();
        let results = keys(&name, &topic.partitions).map(|key| AddPartitionsToTxnPartitionResult {
            partition_index: key.partition,
            partition_error_code: match added {
                // All or none: the others are told that nothing was tried.
                None if exists(image, &key) => ErrorCode::OPERATION_NOT_ATTEMPTED,
                None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                Some(_) if transaction.verify_only => verify(context, transaction, key),
                Some(code) => code,
            },
        });
        AddPartitionsToTxnTopicResult {
            results_by_partition: results.collect(),
            name: topic.name.clone(),
        }
    });
    topics.collect()
}

fn asked(transaction: &AddPartitionsToTxnTransaction) -> impl Iterator<Item = PartitionKey> {
    transaction.topics.iter().flat_map(|topic| {
        let name = topic.name.as_str().into();
        keys(&name, &topic.partitions).collect::<Vec<_>>()
    })
}

fn exists(image: &Image, key: &PartitionKey) -> bool {
    let topic = image.topic(&key.topic);
    topic.is_some_and(|topic| topic.partition(key.partition).is_some())
}

fn add(context: &RequestContext, transaction: &AddPartitionsToTxnTransaction) -> ErrorCode {
    if transaction.verify_only {
        return ErrorCode::NONE;
    }
    let partitions: BTreeSet<_> = asked(transaction).collect();
    let transactions = context.transactions();
    // Only brokers speak these versions, for clients whose writes add their partitions.
    let protocol = match context.version {
        SEVERAL_FROM.. => Protocol::EpochPerTransaction,
        _ => Protocol::Classic,
    };
    let added = transactions.add(
        &transaction.transactional_id,
        transaction.producer(),
        protocol,
        partitions,
    );
    ErrorCode::of(added).known_from(FENCED_FROM, context.version)
}

fn verify(
    context: &RequestContext,
    transaction: &AddPartitionsToTxnTransaction,
    key: PartitionKey,
) -> ErrorCode {
    let transactions = context.transactions();
    let id = &transaction.transactional_id;
    ErrorCode::of(transactions.verify(id, transaction.producer(), key))
}

impl AddPartitionsToTxnTransaction {
    fn producer(&self) -> Producer {
        Producer {
            id: self.producer_id,
            epoch: self.producer_epoch,
        }
    }
}
