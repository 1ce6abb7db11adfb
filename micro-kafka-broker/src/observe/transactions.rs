//! The transactional ids, with what they are doing.

use serde::Serialize;

use crate::server::BrokerState;

/// A transactional id.
#[derive(Debug, Serialize)]
pub(crate) struct TransactionView {
    transactional_id: String,
    state: &'static str,
    producer_id: i64,
    producer_epoch: i16,
    timeout_ms: u128,
    /// The open transaction's partitions, as in `orders-0`.
    partitions: Vec<String>,
}

/// All transactional ids, in order.
pub(crate) fn transactions(broker: &BrokerState) -> Vec<TransactionView> {
    let mut all = broker.transactions().list();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let views = all.into_iter().map(|(transactional_id, found)| {
        let partitions = found.partitions.iter();
        TransactionView {
            transactional_id,
            state: found.state.name(),
            producer_id: found.producer.id,
            producer_epoch: found.producer.epoch,
            timeout_ms: found.timeout.as_millis(),
            partitions: partitions
                .map(|key| format!("{}-{}", key.topic, key.partition))
                .collect(),
        }
    });
    views.collect()
}
