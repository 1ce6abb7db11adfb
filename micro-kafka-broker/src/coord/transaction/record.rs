//! What a transactional id writes down, in Kafka's records of `__transaction_state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::TransactionState;
use crate::coord::StateRecord;
use crate::coord::group::PartitionKey;
use crate::wire::{
    DecodeError, EncodeError, NEVER_FLEXIBLE, decode_record, encode_record, record_version,
};

record! {
    versions 0..=0, flexible NEVER_FLEXIBLE;

    /// The key of a transactional id.
    record TransactionLogKey {
        transactional_id: String,
    }
}

record! {
    versions 0..=1, flexible 1;

    /// A transactional id's state.
    record TransactionLogValue {
        producer_id: i64,
        previous_producer_id: i64 [1.., tag 0] = -1,
        next_producer_id: i64 [1.., tag 1] = -1,
        producer_epoch: i16,
        transaction_timeout_ms: i32,
        transaction_status: i8,
        transaction_partitions: Option<Vec<PartitionsSchema>>,
        last_update_timestamp_ms: i64,
        start_timestamp_ms: i64,
        client_transaction_version: i16 [1.., tag 2],
    }

    struct PartitionsSchema {
        topic: String,
        partition_ids: Vec<i32>,
    }
}

/// Versions that are written, as Apache Kafka 4.3 does.
const KEY: i16 = 0;
const VALUE: i16 = 1;

impl TransactionLogValue {
    /// The record of a transactional id; without a value it is forgotten.
    ///
    /// # Errors
    /// If a text is longer than a record can have it.
    pub(super) fn record(id: &str, value: Option<&Self>) -> Result<StateRecord, EncodeError> {
        let key = TransactionLogKey {
            transactional_id: id.to_owned(),
        };
        Ok(StateRecord {
            key: encode_record(&key, KEY)?,
            value: value.map(|value| encode_record(value, VALUE)).transpose()?,
        })
    }

    /// Reads a record; `None` for one of another kind.
    ///
    /// # Errors
    /// If its bytes are not of the version that they say.
    pub(super) fn read(record: StateRecord) -> Result<Option<(String, Option<Self>)>, DecodeError> {
        if record_version(&record.key)? != KEY {
            return Ok(None);
        }
        let key: TransactionLogKey = decode_record(record.key)?;
        let value = record.value.map(decode_record).transpose()?;
        Ok(Some((key.transactional_id, value)))
    }

    /// The state; `None` for a number that is none.
    pub(super) fn state(&self) -> Option<TransactionState> {
        let mut states = TransactionState::ALL.into_iter();
        states.find(|state| state.number() == self.transaction_status)
    }

    /// The partitions by key.
    pub(super) fn partitions(&self) -> impl Iterator<Item = PartitionKey> {
        let topics = self.transaction_partitions.iter().flatten();
        topics.flat_map(|topic| {
            let name: Arc<str> = topic.topic.as_str().into();
            let key = move |&partition: &i32| PartitionKey {
                topic: Arc::clone(&name),
                partition,
            };
            topic.partition_ids.iter().map(key)
        })
    }
}

/// Partitions by topic.
pub(super) fn by_topic<'a>(
    keys: impl IntoIterator<Item = &'a PartitionKey>,
) -> Vec<PartitionsSchema> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for key in keys {
        topics.entry(&key.topic).or_default().push(key.partition);
    }
    let topics = topics.into_iter();
    topics
        .map(|(topic, partition_ids)| PartitionsSchema {
            topic: topic.to_owned(),
            partition_ids,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::comes_back;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn records_come_back_in_every_version(seed: u64) {
            comes_back::<TransactionLogKey>(seed);
            comes_back::<TransactionLogValue>(seed);
        }
    }

    #[test]
    fn states_have_numbers_of_their_own() {
        for state in TransactionState::ALL {
            let value = TransactionLogValue {
                transaction_status: state.number(),
                ..TransactionLogValue::default()
            };
            assert_eq!(value.state(), Some(state));
        }
    }
}
