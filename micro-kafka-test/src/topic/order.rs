//! In which order records stand.

use std::panic::Location;
use std::sync::Arc;

use micro_kafka::record::OwnedRecord;

use super::TopicRecords;
use crate::matcher::Matcher;
use crate::wait::{Deadline, Wait};

/// The part of a record that is compared, and its name.
type Part = (&'static str, fn(&OwnedRecord) -> Option<&[u8]>);

impl<'a> TopicRecords<'a> {
    /// Waits for as many records as there are values, and asserts that they are all there are, with
    /// these values in this order.
    ///
    /// Kafka keeps an order within a partition only: where there are several, choose one by
    /// [`Self::partition`] or [`Self::key`].
    ///
    /// # Panics
    /// If there are others, or not in that order, with what did arrive.
    #[track_caller]
    pub fn assert_values<M: Matcher + 'a>(
        self,
        values: impl IntoIterator<Item = M>,
    ) -> Wait<'a, Vec<Arc<OwnedRecord>>> {
        self.in_order(("value", |record| record.payload.as_deref()), values)
    }

    /// As [`Self::assert_values`], with these keys in this order.
    ///
    /// # Panics
    /// If there are others, or not in that order, with what did arrive.
    #[track_caller]
    pub fn assert_keys<M: Matcher + 'a>(
        self,
        keys: impl IntoIterator<Item = M>,
    ) -> Wait<'a, Vec<Arc<OwnedRecord>>> {
        self.in_order(("key", |record| record.key.as_deref()), keys)
    }

    #[track_caller]
    fn in_order<M: Matcher + 'a>(
        self,
        part: Part,
        wanted: impl IntoIterator<Item = M>,
    ) -> Wait<'a, Vec<Arc<OwnedRecord>>> {
        let place = Location::caller();
        let wanted: Vec<M> = wanted.into_iter().collect();
        let all = self.clone().assert_exactly(wanted.len());
        Wait::new(place, move |deadline| async move {
            let mut found = all.within(deadline.within).await;
            found.sort_by_key(|record| (record.partition, record.offset));
            self.check(&found, part, &wanted, deadline);
            found
        })
    }

    fn check<M: Matcher>(
        &self,
        found: &[Arc<OwnedRecord>],
        (name, part): Part,
        wanted: &[M],
        deadline: Deadline,
    ) {
        let looked_for = format!("of topic `{}`{}", self.name, self.filter);
        let mut partitions: Vec<i32> = found.iter().map(|record| record.partition).collect();
        partitions.dedup();
        if partitions.len() > 1 {
            deadline.fail(&format!(
                "the records {looked_for} are on the partitions {partitions:?}, between which Kafka \
                 keeps no order: choose one by `.partition(…)` or `.key(…)`; {}",
                self.filter.shown(found)
            ));
        }
        for (at, (record, matcher)) in found.iter().zip(wanted).enumerate() {
            if !matcher.accepts(part(record)) {
                deadline.fail(&format!(
                    "expected {name}={} at place {} of the {} records {looked_for}: {}",
                    matcher.describe(),
                    at + 1,
                    found.len(),
                    self.filter.shown(found)
                ));
            }
        }
    }
}
