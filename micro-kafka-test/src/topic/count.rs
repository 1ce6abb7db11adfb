//! How many records there are.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Arc;

use micro_kafka::admin::AdminError;
use micro_kafka::record::OwnedRecord;

use super::TopicRecords;
use crate::reader::TopicReader;
use crate::records::{until, up_to};
use crate::show;
use crate::wait::{Deadline, Span, Wait, span};

type Records = Vec<Arc<OwnedRecord>>;

impl<'a> TopicRecords<'a> {
    /// Waits until there are at least `count`, and returns those there are.
    ///
    /// # Panics
    /// After 20 s, with what did arrive.
    #[track_caller]
    pub fn assert_at_least(self, count: usize) -> Wait<'a, Records> {
        let reader = self.reader(Location::caller());
        Wait::new(Location::caller(), move |deadline| async move {
            let all = self.reach(&reader, count, "at least", deadline).await;
            self.filter.found(&all)
        })
    }

    /// Waits until there are `count`, reads what the broker holds then, and returns them: there are
    /// no more.
    ///
    /// # Panics
    /// If there are more, or after 20 s, with what did arrive.
    #[track_caller]
    pub fn assert_exactly(self, count: usize) -> Wait<'a, Records> {
        let reader = self.reader(Location::caller());
        Wait::new(Location::caller(), move |deadline| async move {
            self.reach(&reader, count, "exactly", deadline).await;
            let all = self.all(&reader, deadline).await;
            let found = self.filter.found(&all);
            if found.len() != count {
                self.miscounted(&all, count, "exactly", deadline, "");
            }
            found
        })
    }

    /// Waits for it, and asserts that it is the only one.
    ///
    /// # Panics
    /// As [`Self::assert_exactly`].
    #[track_caller]
    pub fn assert_one(self) -> Wait<'a, Arc<OwnedRecord>> {
        let place = Location::caller();
        let one = self.assert_exactly(1);
        Wait::new(place, move |deadline| async move {
            match one.within(deadline.within).await.pop() {
                Some(record) => record,
                None => deadline.fail("the record was lost"),
            }
        })
    }

    /// Reads all that the broker holds at this moment, and asserts that none is there.
    ///
    /// Whatever was acknowledged before is seen, so there is nothing to wait for after a
    /// `settled().await`. What listeners do at later times follows
    /// [`EmbeddedKafka::advance`](crate::EmbeddedKafka::advance).
    ///
    /// # Panics
    /// If there are any, with what did arrive.
    #[track_caller]
    pub fn assert_none(self) -> Wait<'a, ()> {
        let none = self.assert_exactly(0);
        Wait::new(Location::caller(), move |deadline| async move {
            none.within(deadline.within).await;
        })
    }

    /// Asserts that none arrives for so long: ends when one does. For what no event tells of.
    ///
    /// # Panics
    /// If one arrives, with what did arrive.
    #[track_caller]
    pub fn assert_none_for(self, time: impl Span) -> Wait<'a, ()> {
        let place = Location::caller();
        let (reader, time) = (self.reader(place), span(time, place));
        Wait::new(place, move |deadline| async move {
            let one = |all: &Records| self.filter.count(all) > 0;
            let quiet = async {
                let _ = reader.seen().wait_for(|seen| one(&seen.records)).await;
            };
            let _ = tokio::time::timeout(time, quiet).await;
            let all = self.all(&reader, deadline).await;
            if one(&all) {
                self.miscounted(&all, 0, "exactly", deadline, &format!(" for {time:?}"));
            }
        })
    }

    /// All that the broker holds at this moment.
    #[track_caller]
    pub(crate) fn all_now(self, place: &'static Location<'static>) -> Wait<'a, Records> {
        let reader = self.reader(place);
        Wait::new(place, move |deadline| async move {
            self.all(&reader, deadline).await
        })
    }

    /// All that the broker holds at this moment, whether looked for or not.
    async fn all(&self, reader: &TopicReader, deadline: Deadline) -> Records {
        let ends = match self.ends().await {
            Ok(ends) => ends,
            Err(error) => deadline.fail(&show::chain(&error)),
        };
        match up_to(reader, deadline, &ends).await {
            Ok(all) => all,
            Err(all) => deadline.fail(&format!(
                "topic `{}` was not read to its end within {:?}: {}",
                self.name,
                deadline.within,
                show::records(&all)
            )),
        }
    }

    /// By partition, where the records end that the broker holds at this moment. The reader is not
    /// asked: its requests stand behind a fetch that waits for records.
    async fn ends(&self) -> Result<BTreeMap<i32, i64>, AdminError> {
        let admin = self.kafka.admin();
        let mut ends = admin.end_offsets(&self.name).await?;
        let starts = admin.start_offsets(&self.name).await?;
        ends.retain(|partition, end| starts.get(partition).is_none_or(|start| *start < *end));
        Ok(ends)
    }

    async fn reach(
        &self,
        reader: &TopicReader,
        count: usize,
        how: &str,
        deadline: Deadline,
    ) -> Records {
        let enough = until(reader.seen(), deadline, |seen| {
            self.filter.count(&seen.records) >= count
        });
        match enough.await {
            Ok(all) => all,
            Err(all) => {
                let within = format!(" within {:?}", deadline.within);
                self.miscounted(&all, count, how, deadline, &within)
            }
        }
    }

    fn miscounted(
        &self,
        all: &Records,
        count: usize,
        how: &str,
        deadline: Deadline,
        time: &str,
    ) -> ! {
        deadline.fail(&self.filter.miscounted(all, (how, count), &self.name, time))
    }
}
