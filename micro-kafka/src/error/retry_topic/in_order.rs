//! What the recoverer does where the records of a key keep their order.

use super::RetryTopicRecoverer;
use super::headers::{self, Texts};
use super::recoverer::millis_from;
use crate::error::{BoxError, ListenerError, Origin, Recovered, Way};
use crate::listener::Delivery;
use crate::record::Record;

impl RetryTopicRecoverer {
    /// Whether a record is a copy that stands in line with others of its key.
    pub(super) fn stands_in_line(&self, delivery: &Delivery) -> bool {
        self.fences.is_some() && self.topics.fenced_copy(delivery.record()).is_some()
    }

    /// Announces the copy of a source's record that has a key; its token.
    pub(super) async fn announce(&self, delivery: &Delivery) -> Result<Option<u64>, BoxError> {
        let Some(fences) = &self.fences else {
            return Ok(None);
        };
        let record = delivery.record();
        match self.topics.fence_place(record) {
            Some(place) => Ok(Some(fences.announce(&place, origin(record)).await?)),
            None => Ok(None),
        }
    }

    /// Lets a copy that failed wait in its place: a copy of it at the end of its topic would be
    /// overtaken by those behind it.
    pub(super) async fn try_in_line(
        &self,
        due: i64,
        mut delivery: Delivery,
        error: ListenerError,
    ) -> (Delivery, ListenerError, Result<Recovered, BoxError>) {
        let copy = self.topics.fenced_copy(delivery.record());
        let (Some(fences), Some(copy)) = (&self.fences, copy) else {
            return (delivery, error, Err("it stands in no line".into()));
        };
        let attempts = self.topics.attempts(&delivery).saturating_add(1);
        if let Err(trouble) = fences.again(&copy, attempts, due).await {
            return (delivery, error, Err(trouble));
        }
        let hop = self.hop(due, &delivery, Some(copy.token));
        let mut record = delivery.record().to_owned_record();
        record.headers = headers::of(&delivery, &error, hop, Texts::Full);
        delivery.record = record.into();
        (delivery, error, Ok(Recovered::Waits))
    }

    /// Parks a record behind another of its key, or tells a copy finished.
    pub(super) async fn in_order(
        &self,
        way: Way,
        delivery: &Delivery,
    ) -> Result<Recovered, BoxError> {
        if way == Way::Lift {
            return self.leave_line(delivery, Ok(Recovered::Lifted)).await;
        }
        let Some(token) = self.announce(delivery).await? else {
            return Err("a record without a key has none to wait for".into());
        };
        let topic = self.topics.line(delivery.record().topic());
        let now = millis_from(self.clock.since_epoch());
        let sent = self.publish(&topic, now, delivery, None, Some(token));
        sent.await?;
        Ok(Recovered::Parked)
    }

    /// Tells a copy finished that went somewhere for good.
    pub(super) async fn leave_line(
        &self,
        delivery: &Delivery,
        went: Result<Recovered, BoxError>,
    ) -> Result<Recovered, BoxError> {
        let went = went?;
        let copy = self.topics.fenced_copy(delivery.record());
        if let (Some(fences), Some(copy)) = (&self.fences, copy) {
            fences.done(&copy).await?;
        }
        Ok(went)
    }
}

fn origin(record: &Record) -> Origin {
    Origin {
        offset: record.offset(),
        millis: record.timestamp().millis().unwrap_or(-1),
    }
}
